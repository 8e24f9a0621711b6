// Reads JSON lines {text, cypher} and prints for each what Neo4j's own front end finds wrong, or its tokens too.
// The folder of the installed package is the first argument.
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const source = path.join(process.argv[2], 'node_modules/@neo4j-cypher/language-support/dist/esm/project/language-support/src');
const load = (name) => import(pathToFileURL(path.join(source, name)).href);
const { analyzeQuery, updateSignatureResolver } = await load('syntaxValidation/semanticAnalysis.js');
const { CypherCmdLexer } = await load('generated-parser/CypherCmdLexer.js');
const antlr = await import(pathToFileURL(path.join(process.argv[2], 'node_modules/antlr4ng/dist/index.mjs')).href);

const field = (name, type, more) => ({ name, type, description: '', isDeprecated: false, ...more });
const procedure = {
  name: 'face.embed',
  description: '',
  mode: 'READ',
  worksOnSystem: false,
  argumentDescription: [
    field('imageUrl', 'STRING'),
    field('configuration', 'MAP', { default: 'DefaultParameterValue{value={}, type=MAP}' }),
  ],
  returnDescription: [
    field('embedding', 'LIST<FLOAT>'),
    field('index', 'INTEGER'),
    field('confidence', 'FLOAT'),
    field('area', 'MAP'),
    field('quality', 'FLOAT'),
    field('model', 'STRING'),
  ],
  signature: 'face.embed(imageUrl :: STRING, configuration = {} :: MAP) :: (embedding :: LIST<FLOAT>, index :: INTEGER)',
  admin: false,
  option: { deprecated: false },
};
for (const cypher of ['CYPHER 5', 'CYPHER 25']) {
  updateSignatureResolver({ procedures: [procedure], functions: [] }, cypher);
}

function tokens(text) {
  const lexer = new CypherCmdLexer(antlr.CharStream.fromString(text));
  lexer.removeErrorListeners();
  return lexer
    .getAllTokens()
    .filter((token) => token.channel === 0 && token.type > 0)
    .map((token) => [token.start, token.stop + 1]);
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { text, cypher, lex } = JSON.parse(line);
  let errors;
  try {
    errors = analyzeQuery(text, `CYPHER ${cypher}`).errors.map((error) => error.message);
  } catch (error) {
    errors = [`the front end itself failed: ${error}`];
  }
  console.log(JSON.stringify({ errors: Array.from(errors), tokens: lex ? tokens(text) : null }));
}
