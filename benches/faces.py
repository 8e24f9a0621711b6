"""Photos per second: facebolt's engine beside OpenCV with the same models, in turns, on one and two threads.

    benches/faces.py [--seconds 5] [--turns 3] [--sizes 0.5,2,12] [--letterboxed]

The sample photos, scaled to each size in megapixels, as JPEG. `letterboxed` is OpenCV with detection on the photo
scaled to 640 pixels, `native` (unless --letterboxed) with detection on the whole photo. Both decode, detect, align and
embed. `floor` is what a photo takes of us at the least, on one thread: its decoding as it is needed, and the runs of the
models, each bare. Prints each turn and, per size, the medians: our photos per second as a multiple of OpenCV's, the time
of a photo on one thread as a multiple of the floor, and two threads as a multiple of one.
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
    parser.add_argument("--letterboxed", action="store_true", help="leave out OpenCV at native size")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    kinds = ["letterboxed"] if arguments.letterboxed else ["letterboxed", "native"]
    print(f"OpenCV {cv2.__version__}; photos per second, and facebolt's as a multiple of OpenCV's", flush=True)
    for megapixels in map(float, arguments.sizes.split(",")):
        files = photos(megapixels)
        size = f"{megapixels:5} MP"
        speeds, ratios, floors = {1: [], 2: []}, {(kind, n): [] for kind in kinds for n in (1, 2)}, []
        for turn in range(1, arguments.turns + 1):
            floor = [float(part) for part in bench(files, arguments.seconds, "--floor")]
            for threads in (1, 2):
                ours = float(bench(files, arguments.seconds, "--threads", str(threads))[0])
                speeds[threads].append(ours)
                line = f"{size}  turn {turn}  {threads} threads  facebolt {ours:7.2f}"
                for kind in kinds:
                    theirs = opencv(files, threads, arguments.seconds, kind == "native")
                    ratios[kind, threads].append(ours / theirs)
                    line += f"  {kind} {theirs:7.2f} x{ours / theirs:.2f}"
                print(line, flush=True)
            floors.append(1000 / speeds[1][-1] / sum(floor))
            parts = ", ".join(f"{name} {part:.1f}" for name, part in zip(("decode", "detect", "embed"), floor))
            print(f"{size}  turn {turn}  floor {sum(floor):.1f} ms ({parts}), a photo {floors[-1]:.2f} of it", flush=True)
        medians = [f"{kind} on {n} x{statistics.median(ratios[kind, n]):.2f}" for kind in kinds for n in (1, 2)]
        medians.append(f"floor x{statistics.median(floors):.2f}")
        two = statistics.median(b / a for a, b in zip(speeds[1], speeds[2]))
        print(f"{size}  median  {'  '.join(medians)}  two threads over one x{two:.2f}", flush=True)


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


def bench(files, seconds, *options):
    """What benches/faces.rs prints."""
    command = ["cargo", "bench", "--quiet", "--locked", "--bench", "faces", "--", *options]
    done = subprocess.run([*command, "--seconds", str(seconds), *map(str, files)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("the bench of facebolt failed")
    return done.stdout.split()


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
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    models = cache / "facebolt" / "models"
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


if __name__ == "__main__":
    main()
