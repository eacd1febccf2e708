//! Drawings as PDF (ISO 32000): a page for each, its unit the millimetre. Filled outlines are all that is needed: a few objects.

use core::fmt::Write as _;

use super::drawing::{Drawing, Short, Step};

/// A millimetre, in points.
const MILLIMETRE: f32 = 72.0 / 25.4;

/// The drawings as a document with this title, in this language (`fr`).
#[must_use]
pub fn pdf(title: &str, language: &str, pages: &[Drawing]) -> Vec<u8> {
    // 1 catalogue, 2 pages, 3 information, then for each page the page and its content.
    let kids: String = (0..pages.len()).map(|at| format!("{} 0 R ", 4 + 2 * at)).collect();
    let language: String = language.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let title: String = title.encode_utf16().map(|unit| format!("{unit:04x}")).collect();
    let mut objects: Vec<Vec<u8>> = vec![
        format!("<</Type/Catalog/Pages 2 0 R/Lang({language})/ViewerPreferences<</DisplayDocTitle true>>>>")
            .into_bytes(),
        format!("<</Type/Pages/Count {}/Kids[{}]>>", pages.len(), kids.trim_end()).into_bytes(),
        format!("<</Title<feff{title}>/Producer(Tremen)>>").into_bytes(),
    ];
    for (at, page) in pages.iter().enumerate() {
        let [width, height] = [page.width, page.height].map(|side| Short(side * MILLIMETRE));
        let content = 5 + 2 * at;
        let box_ =
            format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Resources<<>>/Contents {content} 0 R>>");
        objects.push(box_.into_bytes());
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(content_of(page).as_bytes(), 9);
        let head = format!("<</Length {}/Filter/FlateDecode>>\nstream\n", packed.len());
        objects.push([head.as_bytes(), &packed, b"\nendstream"].concat());
    }
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n", at + 1).as_bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let table = out.len();
    let mut end = format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
    for place in &places {
        let _ = writeln!(end, "{place:010} 00000 n "); // writing to a string cannot fail
    }
    let _ = write!(end, "trailer\n<</Size {}/Root 1 0 R/Info 3 0 R>>\nstartxref\n{table}\n%%EOF\n", places.len() + 1);
    out.extend(end.as_bytes());
    out
}

fn content_of(page: &Drawing) -> String {
    // y goes up in a PDF.
    let mut out = format!("{m} 0 0 -{m} 0 {top} cm\n", m = Short(MILLIMETRE), top = Short(page.height * MILLIMETRE));
    for (outline, colour) in &page.shapes {
        let [red, green, blue] = [colour.red, colour.green, colour.blue].map(|part| Short(f32::from(part) / 255.0));
        let mut ops = format!("{red} {green} {blue} rg\n");
        for step in &outline.steps {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Move((x, y)) => writeln!(ops, "{} {} m", Short(*x), Short(*y)),
                Step::Line((x, y)) => writeln!(ops, "{} {} l", Short(*x), Short(*y)),
                Step::Curve(a, b, to) => {
                    let [ax, ay, bx, by, x, y] = [a.0, a.1, b.0, b.1, to.0, to.1].map(Short);
                    writeln!(ops, "{ax} {ay} {bx} {by} {x} {y} c")
                }
                Step::Close => writeln!(ops, "h"),
            };
        }
        ops.push_str("f\n");
        out.push_str(&ops);
    }
    out
}
