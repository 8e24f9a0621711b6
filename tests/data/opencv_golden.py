"""Writes opencv_golden.json: what OpenCV finds in the sample photos and in collages with the same two models.

pip install opencv-python-headless==5.0.0.93 pillow numpy
mkdir COLLAGES; FACEBOLT_TEST_COLLAGES=$PWD/COLLAGES cargo test --test face_accuracy collages
python opencv_golden.py MODELS_DIRECTORY COLLAGES > opencv_golden.json

The photos are scaled to 640 pixels by the same filter as ours (Pillow's BILINEAR is a triangle as wide as
the scale asks), so that only decoding, detection, alignment and recognition are compared.
"""

import json
import pathlib
import sys

import cv2
import numpy as np
import PIL
from PIL import Image

models = pathlib.Path(sys.argv[1])
photos = pathlib.Path(__file__).parent.parent / "photos"
recogniser = cv2.FaceRecognizerSF.create(str(models / "face_recognition_sface_2021dec.onnx"), "")
detector = cv2.FaceDetectorYN.create(str(models / "face_detection_yunet_2023mar.onnx"), "", (640, 640), 0.6)


def found(path):
    """The faces of an image, in its own pixels."""
    photo = Image.open(path).convert("RGB")
    scale = min(1.0, 640 / max(photo.size))
    size = tuple(round(side * scale) for side in photo.size)
    scaled = np.array(photo.resize(size, Image.Resampling.BILINEAR))[:, :, ::-1]
    # To 640 x 640 with black at the right and the bottom.
    padded = np.zeros((640, 640, 3), np.uint8)
    padded[: size[1], : size[0]] = scaled
    _, faces = detector.detect(padded)
    across, down = photo.size[0] / size[0], photo.size[1] / size[1]
    place = lambda x, y: [round(float((x + 0.5) * across - 0.5), 2), round(float((y + 0.5) * down - 0.5), 2)]
    for face in faces:
        feature = recogniser.feature(recogniser.alignCrop(padded, face))[0]
        yield {
            "box": place(*face[:2]) + [round(float(face[2] * across), 2), round(float(face[3] * down), 2)],
            "landmarks": [place(*face[i : i + 2]) for i in range(4, 14, 2)],
            "score": round(float(face[14]), 4),
            "feature": [round(float(v), 4) for v in feature],
        }


result = {"opencv": cv2.__version__, "pillow": PIL.__version__, "photos": {}, "collages": {}}
for path in sorted(photos.glob("*.jpg")):
    (result["photos"][path.name],) = found(path)
for path in sorted(pathlib.Path(sys.argv[2]).glob("*.png")):
    result["collages"][path.stem] = list(found(path))
json.dump(result, sys.stdout, indent=None, separators=(",", ":"))
