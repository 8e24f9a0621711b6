// Neo4j's own front end, as JSON lines. {parse: text} is answered with how its grammar reads the text, {check: text,
// cypher} with what it finds wrong; {procedures} adds procedures [name, number of arguments, columns] that exist.
// The folder of the installed package is the first argument.
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const source = path.join(process.argv[2], 'node_modules/@neo4j-cypher/language-support/dist/esm/project/language-support/src');
const load = (name) => import(pathToFileURL(path.join(source, name)).href);
const { analyzeQuery, updateSignatureResolver } = await load('syntaxValidation/semanticAnalysis.js');
const lexing = await load('generated-parser/CypherCmdLexer.js');
const parsing = await load('generated-parser/CypherCmdParser.js');
const antlr = await import(pathToFileURL(path.join(process.argv[2], 'node_modules/antlr4ng/dist/index.mjs')).href);
const Lexer = lexing.default ?? lexing.CypherCmdLexer;
const Parser = parsing.default ?? parsing.CypherCmdParser;

const field = (name, type, more) => ({ name, type, description: '', isDeprecated: false, ...more });
const procedure = (name, argumentDescription, returnDescription) => ({
  name,
  description: '',
  mode: 'READ',
  worksOnSystem: false,
  argumentDescription,
  returnDescription,
  signature: name,
  admin: false,
  option: { deprecated: false },
});
const embed = procedure(
  'face.embed',
  [field('imageUrl', 'STRING'), field('configuration', 'MAP', { default: 'DefaultParameterValue{value={}, type=MAP}' })],
  [
    field('embedding', 'LIST<FLOAT>'),
    field('index', 'INTEGER'),
    field('confidence', 'FLOAT'),
    field('area', 'MAP'),
    field('quality', 'FLOAT'),
    field('model', 'STRING'),
  ],
);
const functions = ['euclideanDistance', 'euclidean', 'cosine', 'pearson', 'jaccard', 'overlap'].map((name) => ({
  name: `gds.similarity.${name}`,
  category: '',
  description: '',
  isBuiltIn: false,
  argumentDescription: [field('vector1', 'LIST<NUMBER>'), field('vector2', 'LIST<NUMBER>')],
  returnDescription: 'FLOAT',
  signature: '',
  aggregating: false,
  isDeprecated: false,
}));

function exist(procedures) {
  for (const cypher of ['CYPHER 5', 'CYPHER 25']) {
    updateSignatureResolver({ procedures: [embed, ...procedures], functions }, cypher);
  }
}
exist([]);

function parsed(text) {
  const lexer = new Lexer(antlr.CharStream.fromString(text));
  const parser = new Parser(new antlr.CommonTokenStream(lexer));
  let wrong = 0;
  for (const part of [lexer, parser]) {
    part.removeErrorListeners();
    part.addErrorListener({ syntaxError: () => { wrong += 1; }, reportAmbiguity() {}, reportAttemptingFullContext() {}, reportContextSensitivity() {} });
  }
  return { tree: parser.statementsOrCommands(), tokens: parser.inputStream.getTokens(), good: () => wrong === 0 };
}

const span = (context) => [context.start.start, context.stop.stop + 1];
const unquoted = (text) => (text.startsWith('`') ? text.slice(1, -1).replaceAll('``', '`') : text);
const named = (context) => ({
  parts: [...context.namespace().symbolicNameString(), context.symbolicNameString()].map((part) => unquoted(part.getText())),
  at: span(context),
});

// The clause that a rule is; a pattern alone in EXISTS or COUNT is one too.
function clause(context) {
  if (context instanceof parsing.ClauseContext) {
    const rule = Parser.ruleNames[context.getChild(0).ruleIndex];
    return [rule, ...span(context)];
  }
  const subquery = context instanceof parsing.ExistsExpressionContext || context instanceof parsing.CountExpressionContext;
  if (subquery && context.patternList()) {
    const inner = [context.matchMode(), context.patternList(), context.whereClause()].filter((part) => part);
    return ['matchClause', span(inner[0])[0], span(inner.at(-1))[1]];
  }
  return null;
}

function reading(text) {
  const { tree, tokens, good } = parsed(text);
  if (!good()) return null;
  const read = { clauses: [], calls: [], functions: [], defines: false };
  // The text between the braces of s'..{..}' is no token to facebolt.
  const piece = (token) => Lexer.symbolicNames[token.type]?.startsWith('INTERPOLATED_TEXT');
  const kept = tokens.filter((token) => token.channel === 0 && token.type > 0 && !piece(token));
  read.tokens = kept.map((token) => [token.start, token.stop + 1]);
  read.statements = tree.statementOrCommand().length;
  const walk = (node) => {
    const found = clause(node);
    if (found) read.clauses.push(found);
    if (node instanceof parsing.CallClauseContext) {
      read.calls.push({
        ...named(node.procedureName()),
        arguments: node.procedureArgument().map(span),
        yields: node.procedureResultItem().map((item) => item.variable().map((name) => unquoted(name.getText()))),
      });
    }
    if (node instanceof parsing.LocalFunctionDefinitionContext || node instanceof parsing.LocalProcedureDefinitionContext) {
      read.defines = true;
    }
    if (node instanceof parsing.FunctionInvocationContext) read.functions.push(named(node.functionName()));
    for (let index = 0; index < node.getChildCount(); index += 1) {
      if (node.getChild(index) instanceof antlr.ParserRuleContext) walk(node.getChild(index));
    }
  };
  walk(tree);
  return read;
}

// What stands before the statement (CYPHER 25, EXPLAIN) is not for the front end.
function bare(text) {
  if (!/^\W*(cypher|explain|profile)\b/i.test(text)) return text;
  const statement = parsed(text).tree.statementOrCommand(0)?.preparsedStatement?.()?.statement();
  if (!statement?.start) return text;
  const characters = [...text];
  return characters.map((character, at) => (at < statement.start.start ? character.replace(/\S/u, ' ') : character)).join('');
}

function errors(text, cypher) {
  try {
    return Array.from(analyzeQuery(bare(text), `CYPHER ${cypher}`).errors, (error) => error.message);
  } catch (error) {
    return [`the front end itself failed: ${error}`];
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer = null;
  if (asked.procedures) {
    const fields = (names) => names.map((name) => field(name, 'ANY'));
    const optional = (count) => Array.from({ length: count }, (_, index) => field(`a${index}`, 'ANY', { default: 'DefaultParameterValue{value=null, type=ANY}' }));
    exist(asked.procedures.map(([name, count, columns]) => procedure(name, optional(count), fields(columns))));
  } else if (asked.parse !== undefined) {
    answer = reading(asked.parse);
  } else {
    answer = errors(asked.check, asked.cypher);
  }
  console.log(JSON.stringify(answer));
}
