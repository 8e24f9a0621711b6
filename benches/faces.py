"""Photos per second: facebolt's engine beside OpenCV with the same models, in turns, on one and two threads.

    benches/faces.py [--seconds 5] [--turns 3] [--sizes 0.5,2,12] [--native]

The sample photos, scaled to each size in megapixels, as JPEG. `letterboxed` is OpenCV with detection on the photo
scaled to 640 pixels, `native` (with --native) with detection on the whole photo. Both decode, detect, align and embed.
Prints each turn and, per size and number of threads, the median of the ratios.
"""

import argparse
import concurrent.futures
import os
import pathlib
import statistics
import subprocess
import sys
import time

import cv2
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
SIDE = 640


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--sizes", default="0.5,2,12")
    parser.add_argument("--native", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    kinds = ["letterboxed", "native"] if arguments.native else ["letterboxed"]
    print(f"OpenCV {cv2.__version__}; photos per second, and facebolt's as a multiple of OpenCV's", flush=True)
    for megapixels in map(float, arguments.sizes.split(",")):
        files = photos(megapixels)
        for threads in (1, 2):
            ratios = {kind: [] for kind in kinds}
            for turn in range(arguments.turns):
                ours = facebolt(files, threads, arguments.seconds)
                line = f"{megapixels:5} MP  {threads} threads  turn {turn + 1}  facebolt {ours:8.2f}"
                for kind in kinds:
                    theirs = opencv(files, threads, arguments.seconds, kind == "native")
                    ratios[kind].append(ours / theirs)
                    line += f"  {kind} {theirs:8.2f}  x{ours / theirs:.2f}"
                print(line, flush=True)
            medians = "  ".join(f"{kind} x{statistics.median(ratios[kind]):.2f}" for kind in kinds)
            print(f"{megapixels:5} MP  {threads} threads  median  {medians}", flush=True)


def photos(megapixels):
    """The sample photos at this size, but for the one that is too small to be enlarged."""
    folder = TARGET / "bench-faces" / f"{megapixels}"
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for path in sorted((ROOT / "tests" / "photos").glob("*.jpg")):
        if path.name == "macron.jpg":
            continue
        file = folder / path.name
        if not file.exists():
            photo = cv2.imread(str(path))
            scale = (megapixels * 1e6 / (photo.shape[0] * photo.shape[1])) ** 0.5
            filter = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            scaled = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=filter)
            cv2.imwrite(str(file), scaled, [cv2.IMWRITE_JPEG_QUALITY, 90])
        files.append(file)
    return files


def facebolt(files, threads, seconds):
    command = ["cargo", "bench", "--quiet", "--locked", "--bench", "faces", "--"]
    command += ["--threads", str(threads), "--seconds", str(seconds), *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("the bench of facebolt failed")
    return float(done.stdout.split()[-1])


class OpenCV:
    """One thread's detector and recogniser."""

    def __init__(self, models, native):
        self.detector = cv2.FaceDetectorYN.create(str(models / "face_detection_yunet_2023mar.onnx"), "", (SIDE, SIDE), 0.6)
        self.recogniser = cv2.FaceRecognizerSF.create(str(models / "face_recognition_sface_2021dec.onnx"), "")
        self.native = native

    def embed(self, data):
        photo = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if self.native:
            self.detector.setInputSize((photo.shape[1], photo.shape[0]))
        else:
            scale = min(1.0, SIDE / max(photo.shape[:2]))
            size = (round(photo.shape[1] * scale), round(photo.shape[0] * scale))
            boxed = np.zeros((SIDE, SIDE, 3), np.uint8)
            boxed[: size[1], : size[0]] = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
            photo = boxed
        _, faces = self.detector.detect(photo)
        assert faces is not None
        return [self.recogniser.feature(self.recogniser.alignCrop(photo, face)) for face in faces]


def opencv(files, threads, seconds, native):
    models = pathlib.Path(os.environ.get("FACEBOLT_MODELS__DIRECTORY") or default_models())
    data = [file.read_bytes() for file in files]
    workers = [OpenCV(models, native) for _ in range(threads)]
    for worker in workers:
        worker.embed(data[0])

    def work(number):
        done = 0
        while time.monotonic() < end:
            workers[number].embed(data[(done * threads + number) % len(data)])
            done += 1
        return done

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        began = time.monotonic()
        end = began + seconds
        done = sum(pool.map(work, range(threads)))
        return done / (time.monotonic() - began)


def default_models():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return cache / "facebolt" / "models"


if __name__ == "__main__":
    main()
