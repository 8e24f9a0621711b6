"""More images at a time than there is room for: they wait for their turn, and not forever."""

import threading
import time

import neo4j

import images
from harness import Promise

EMBED = "CALL face.embed($u) YIELD index RETURN index"
PLACES = 'native_queue = 1\nnative_timeout = "1s"'


class Queue(Promise):
    needs_facebolt = True

    def held(self, front):
        """A client that keeps the only place until the images are released: its driver, and what it gets."""
        self.cx.images.hold()
        self.addCleanup(self.cx.images.release)
        driver = self.cx.server.connect(front.address)
        self.addCleanup(driver.close)
        got = []

        def embed():
            with driver.session() as session:
                got.append(session.run(EMBED, u=self.cx.images.url("held")).values())

        thread = threading.Thread(target=embed)
        thread.start()
        self.assertTrue(self.cx.images.asked.wait(60))
        return driver, thread, got

    def test_wait(self):
        """who waits for longer than native_timeout gets an error that drivers retry, wherever the call stands"""
        front = self.cx.serve(limits=PLACES)
        driver, thread, got = self.held(front)
        url = images.data_url("biden.jpg")
        texts = (EMBED, "UNWIND [$u] AS u CALL face.embed(u) YIELD index RETURN index", "CALL face.embedBatch([$u])")
        for text in texts:
            with driver.session() as session, self.assertRaises(neo4j.exceptions.TransientError) as caught:
                session.run(text, u=url).consume()
            self.assertEqual(caught.exception.code, "Neo.TransientError.Request.NoThreadsAvailable")
            self.assertIn("limits.native_timeout", caught.exception.message)
            self.assertTrue(caught.exception.is_retryable())
        self.cx.images.release()
        thread.join()
        self.assertEqual(got, [[[0]]])

    def test_retry(self):
        """a managed transaction that finds no room is retried and served; the metric says how many wait"""
        front = self.cx.serve(limits=PLACES)
        driver, thread, got = self.held(front)
        url, tries = images.data_url("biden.jpg"), []

        def embed(tx):
            tries.append(tx)
            return tx.run(EMBED, u=url).values()

        def work():
            with driver.session() as session:
                got.append(session.execute_read(embed))

        other = threading.Thread(target=work)
        other.start()
        deadline = time.monotonic() + 60
        while not front.metric("facebolt_queue_length", queue="images"):
            self.assertLess(time.monotonic(), deadline)
        while len(tries) < 2:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.cx.images.release()
        for waiting in (thread, other):
            waiting.join()
        self.assertEqual(got, [[[0]], [[0]]])
        self.assertEqual(front.metric("facebolt_queue_length", queue="images"), 0)
