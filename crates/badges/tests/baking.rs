//! Badges in pictures: the published ones are read, hostile ones are refused, and what is baked comes out again.

use tremen_badges::bake::{BakeError, Form, bake_png, bake_svg, unbake};
use tremen_badges::json::parse;

const CLASS: &[u8] = include_bytes!("vectors/tremen/image-class.png");
const BAKED_3: &[u8] = include_bytes!("vectors/tremen/site/badges/baked-3.0.png");
const BAKED_2: &[u8] = include_bytes!("vectors/tremen/ob2/baked-2.0.png");
const SVG: &str = r##"<?xml version="1.0"?><!-- drawn --><svg xmlns="http://www.w3.org/2000/svg" width="64"><circle r="30" fill="url(#a)"/></svg>"##;

/// A chunk with its right checksum.
fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind[..], data].concat();
    let mut crc = u32::MAX;
    for byte in &body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    let length = u32::try_from(data.len()).unwrap_or(0);
    [&length.to_be_bytes()[..], &body, &(!crc).to_be_bytes()].concat()
}

/// The picture of the class with these chunks after its header.
fn with(chunks: &[Vec<u8>]) -> Vec<u8> {
    let (head, tail) = CLASS.split_at(33);
    [head, &chunks.concat(), tail].concat()
}

#[test]
fn the_published_pictures_hold_their_badges() {
    let three = unbake(BAKED_3).unwrap();
    assert_eq!(three.form, Form::V3);
    let signed = parse(include_bytes!("vectors/tremen/site/badges/0191f2b0-laser-1.json"), 1 << 20).unwrap();
    assert_eq!(parse(three.text.as_bytes(), 1 << 20).unwrap(), signed);
    let two = unbake(BAKED_2).unwrap();
    assert_eq!(two.form, Form::V2);
    assert!(two.text.starts_with('{'));
    assert_eq!(unbake(CLASS), Err(BakeError::NoBadge));
}

#[test]
fn pictures_of_other_issuers_hold_their_badges() {
    assert_eq!(unbake(include_bytes!("vectors/ob30/simple-json.png")).unwrap().form, Form::V3);
    assert_eq!(unbake(include_bytes!("vectors/ob20/simple-badge.png")).unwrap().form, Form::V2);
}

#[test]
fn a_png_baked_here_is_the_published_one_byte_for_byte() {
    let text = unbake(BAKED_3).unwrap().text;
    assert_eq!(bake_png(CLASS, Form::V3, &text).unwrap(), BAKED_3);
    let text = unbake(BAKED_2).unwrap().text;
    assert_eq!(bake_png(CLASS, Form::V2, &text).unwrap(), BAKED_2);
}

#[test]
fn baking_again_replaces_what_was_there() {
    let text = unbake(BAKED_2).unwrap().text;
    assert_eq!(bake_png(BAKED_3, Form::V2, &text).unwrap(), BAKED_2);
    assert_eq!(bake_png(BAKED_2, Form::V2, &text).unwrap(), BAKED_2);
    let twice = with(&[chunk(*b"iTXt", b"openbadges\0\0\0\0\0{}"), chunk(*b"zTXt", b"openbadges\0\0x")]);
    assert_eq!(bake_png(&twice, Form::V2, &text).unwrap(), BAKED_2);
}

#[test]
fn a_badge_that_stands_twice_is_refused() {
    let one = chunk(*b"iTXt", b"openbadges\0\0\0\0\0{}");
    assert_eq!(unbake(&with(&[one.clone(), one])), Err(BakeError::Twice));
}

#[test]
fn compressed_badges_are_refused() {
    assert_eq!(unbake(&with(&[chunk(*b"iTXt", b"openbadges\0\x01\0\0\0x")])), Err(BakeError::Compressed));
    assert_eq!(unbake(&with(&[chunk(*b"zTXt", b"openbadges\0\0x")])), Err(BakeError::Compressed));
    assert!(matches!(unbake(&with(&[chunk(*b"tEXt", b"openbadges\0x")])), Err(BakeError::Unreadable(_))));
}

#[test]
fn a_wrong_checksum_anywhere_is_refused() {
    for at in [20, 40, BAKED_3.len() - 20, BAKED_3.len() - 2] {
        let mut bad = BAKED_3.to_vec();
        bad[at] ^= 1;
        assert!(matches!(unbake(&bad), Err(BakeError::Unreadable(_))), "byte {at}");
    }
}

#[test]
fn a_picture_cut_anywhere_is_refused_without_a_panic() {
    for length in 0..BAKED_2.len() {
        assert!(unbake(&BAKED_2[..length]).is_err(), "{length}");
    }
    let longer = [BAKED_2, &[0]].concat();
    assert!(unbake(&longer).is_err());
}

#[test]
fn too_large_pictures_and_texts_are_refused() {
    assert!(matches!(unbake(&vec![b' '; 6 << 20]), Err(BakeError::TooBig { .. })));
    let long = [b"openbadges\0\0\0\0\0".to_vec(), vec![b'x'; 300 << 10]].concat();
    assert!(matches!(unbake(&with(&[chunk(*b"iTXt", &long)])), Err(BakeError::TooBig { .. })));
    assert!(matches!(bake_png(CLASS, Form::V3, &"x".repeat(300 << 10)), Err(BakeError::TooBig { .. })));
}

#[test]
fn what_is_baked_into_an_svg_comes_out_again_in_both_versions() {
    for (form, text) in [(Form::V3, r#"{"name":"a ]]> b & <c>"}"#), (Form::V2, r#"{"id":"x"}"#)] {
        let baked = bake_svg(SVG, form, text, "https://tremen.example/ob2/badges/1?a&b").unwrap();
        let read = unbake(baked.as_bytes()).unwrap();
        assert_eq!((read.form, read.text.as_str()), (form, text));
        assert!(baked.contains("<circle"));
        let again = bake_svg(&baked, Form::V3, "{}", "x").unwrap();
        assert_eq!(unbake(again.as_bytes()).unwrap().text, "{}");
        assert_eq!(again.matches("openbadges:credential>").count(), 2);
        assert!(!again.contains("openbadges:assertion"));
    }
    let none = bake_svg(r#"<svg xmlns="http://www.w3.org/2000/svg"/>"#, Form::V3, "{}", "x").unwrap();
    assert_eq!(unbake(none.as_bytes()).unwrap().text, "{}");
}

#[test]
fn an_svg_whose_badge_is_only_an_address_or_a_signature_is_read() {
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:ob="http://openbadges.org"><ob:assertion verify="https://example.org/1"/></svg>"#;
    assert_eq!(unbake(svg.as_bytes()).unwrap().text, "https://example.org/1");
}

#[test]
fn a_namespace_decides_and_not_a_prefix() {
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://example.org/"><openbadges:credential>{}</openbadges:credential></svg>"#;
    assert_eq!(unbake(svg.as_bytes()), Err(BakeError::NoBadge));
    let twice = r#"<svg xmlns="http://www.w3.org/2000/svg"><credential xmlns="https://purl.imsglobal.org/ob/v3p0">{}</credential><x:credential xmlns:x="https://purl.imsglobal.org/ob/v3p0">{}</x:credential></svg>"#;
    assert_eq!(unbake(twice.as_bytes()), Err(BakeError::Twice));
}

#[test]
fn a_foreign_svg_that_could_do_more_than_be_looked_at_is_never_passed_on() {
    for evil in [
        "<script>alert(1)</script>",
        "<foreignObject/>",
        "<style>*{}</style>",
        "<image href=\"https://example.org/spy.png\"/>",
        "<use href=\"https://example.org/x.svg#a\"/>",
        "<use href=\"data:image/svg+xml,x\"/>",
        "<path onclick=\"x()\"/>",
        "<path style=\"fill:red\"/>",
        "<path fill=\"URL(https://example.org)\"/>",
        "<a href=\"javascript:x()\"/>",
        "<animate attributeName=\"href\"/>",
        "<h:script xmlns:h=\"http://www.w3.org/1999/xhtml\"/>",
    ] {
        let svg = SVG.replace("<circle", &format!("{evil}<circle"));
        let refused = bake_svg(&svg, Form::V3, "{}", "x");
        assert!(matches!(refused, Err(BakeError::NotHarmless(_))), "{evil}: {refused:?}");
    }
}

#[test]
fn an_svg_with_a_document_type_or_broken_tags_is_refused() {
    for broken in [
        "<!DOCTYPE svg [<!ENTITY a \"aaaa\">]><svg xmlns=\"http://www.w3.org/2000/svg\">&a;</svg>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\">&a;</svg>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><g></svg></g>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\">",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" a=\"1\" a=\"2\"/>",
        "<svg/>",
        "<html/>",
        "",
        "<",
    ] {
        assert!(matches!(unbake(broken.as_bytes()), Err(BakeError::Unreadable(_))), "{broken}");
    }
    let deep = format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{}", "<g>".repeat(100_000));
    assert!(unbake(deep.as_bytes()).is_err());
}
