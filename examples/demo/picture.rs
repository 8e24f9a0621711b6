//! The picture: each person's faces in a circle, a line for every link with its distance.

use std::error::Error;
use std::f64::consts::TAU;
use std::fmt::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Face, Link, collage};

/// Pixels of a face, and of the square that one person takes.
const FACE: f64 = 120.0;
const CELL: f64 = 460.0;
const COLUMNS: usize = 3;

/// The faces that links hold together, as indexes; people with most faces first.
pub(super) fn people(faces: &[Face], links: &[Link]) -> Vec<Vec<usize>> {
    let mut person: Vec<usize> = (0..faces.len()).collect();
    for link in links {
        let [a, b] = link.faces.each_ref().map(|name| {
            faces.iter().position(|face| face.name == *name).and_then(|at| person.get(at).copied())
        });
        if let (Some(a), Some(b)) = (a, b) {
            person.iter_mut().filter(|person| **person == b).for_each(|person| *person = a);
        }
    }
    let mut people: Vec<Vec<usize>> = (0..faces.len())
        .map(|number| (0..faces.len()).filter(|at| person.get(*at) == Some(&number)).collect())
        .filter(|group: &Vec<usize>| !group.is_empty())
        .collect();
    people.sort_by_key(|group| std::cmp::Reverse(group.len()));
    people
}

/// An SVG document.
pub(super) fn draw(
    photos: &Path,
    faces: &[Face],
    links: &[Link],
    people: &[Vec<usize>],
) -> Result<String, Box<dyn Error>> {
    let mut places: Vec<(&Face, f64, f64)> = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let centre = |index: usize| (f64::from(u32::try_from(index).unwrap_or(0)) + 0.5) * CELL;
        let (x, y) = (centre(number % COLUMNS), centre(number / COLUMNS));
        let radius = if person.len() > 1 { CELL / 3.0 } else { 0.0 };
        for (at, face) in person.iter().filter_map(|face| faces.get(*face)).enumerate() {
            let part = f64::from(u32::try_from(at)?) / f64::from(u32::try_from(person.len())?);
            let (sin, cos) = (TAU * part - TAU / 4.0).sin_cos();
            places.push((face, x + radius * cos, y + radius * sin));
        }
    }
    let rows = f64::from(u32::try_from(people.len().div_ceil(COLUMNS))?);
    let (width, height) = (CELL * f64::from(u32::try_from(COLUMNS)?), CELL * rows);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\" text-anchor=\"middle\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <clipPath id=\"round\" clipPathUnits=\"objectBoundingBox\"><circle cx=\".5\" cy=\".5\" r=\".5\"/></clipPath>\n"
    );
    for link in links {
        let ends = link.faces.each_ref().map(|name| places.iter().find(|(face, ..)| face.name == *name));
        let [Some((_, x1, y1)), Some((_, x2, y2))] = ends else { continue };
        let (x, y) = ((x1 + x2) / 2.0, (y1 + y2) / 2.0);
        writeln!(
            svg,
            "<line x1=\"{x1:.0}\" y1=\"{y1:.0}\" x2=\"{x2:.0}\" y2=\"{y2:.0}\" stroke=\"#4c8bf5\" stroke-width=\"3\"/>\
             <text x=\"{x:.0}\" y=\"{y:.0}\" stroke=\"#fff\" stroke-width=\"5\" paint-order=\"stroke\">{:.2}</text>",
            link.distance
        )?;
    }
    for (face, x, y) in &places {
        let (left, top) = (x - FACE / 2.0, y - FACE / 2.0);
        writeln!(
            svg,
            "<image x=\"{left:.0}\" y=\"{top:.0}\" width=\"{FACE}\" height=\"{FACE}\" clip-path=\"url(#round)\" \
             href=\"data:image/jpeg;base64,{}\"/>\
             <text x=\"{x:.0}\" y=\"{:.0}\">{}</text>",
            STANDARD.encode(crop(photos, face)?),
            y + FACE / 2.0 + 16.0,
            face.name
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// A square around the face, as JPEG.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels of a picture, clamped to it"
)]
fn crop(photos: &Path, face: &Face) -> Result<Vec<u8>, Box<dyn Error>> {
    let photo = image::open(photos.join(&face.photo))?.into_rgb8();
    let [x, y, w, h] = face.area;
    let side = (w.max(h) * 1.3).min(f64::from(photo.width().min(photo.height())));
    let corner = |middle: f64, limit: u32| (middle - side / 2.0).clamp(0.0, f64::from(limit) - side) as u32;
    let (left, top) = (corner(x + w / 2.0, photo.width()), corner(y + h / 2.0, photo.height()));
    let crop = image::imageops::crop_imm(&photo, left, top, side as u32, side as u32).to_image();
    let size = FACE as u32 * 2;
    let small = image::imageops::resize(&crop, size, size, image::imageops::FilterType::Triangle);
    Ok(collage::jpeg(&small))
}
