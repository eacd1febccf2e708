//! Pictures and cards: every hazard and level looks like itself, and what is printed is read by other programs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failure here is a failed test")]

use std::path::PathBuf;
use std::process::Command;

use tremen_badges::art::{ArtError, BadgeArt, CardFacts, Colour, card, pdf, sheets};
use tremen_badges::bake::{Form, bake_png, bake_svg, unbake};
use tremen_rules::Level;
use tremen_rules::network::Hazard;

const ADDRESS: &str = "https://tremen.example/b/8f3k2201xq7m4w9z";

fn art(hazard: Hazard, level: Option<Level>) -> BadgeArt {
    BadgeArt { hazard, level, colour: Colour::parse("#0e5a63").unwrap(), code: Some("LASER".to_owned()) }
}

fn facts() -> CardFacts {
    CardFacts {
        title: "Découpe laser, autonome".to_owned(),
        colour: Colour::parse("#0e5a63").unwrap(),
        hazard: Hazard::Red,
        hazard_words: "Classe rouge".to_owned(),
        holder: Some("Goulven Prigent".to_owned()),
        rows: [("Remise par", "Les Fabriques du Ponant"), ("Le", "14 mars 2026"), ("Jusqu’au", "14 mars 2027")]
            .map(|(label, value)| (label.to_owned(), value.to_owned()))
            .to_vec(),
        address: ADDRESS.to_owned(),
        call: "Scannez pour vérifier.".to_owned(),
        note: "Cette carte n’ouvre rien par elle-même.".to_owned(),
        code: "8F3K-2201".to_owned(),
    }
}

/// A folder below the target folder, where what is drawn can be looked at.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("art");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn each_hazard_and_each_level_has_a_picture_of_its_own_also_without_colours() {
    let mut seen = Vec::new();
    for hazard in [Hazard::Green, Hazard::Amber, Hazard::Red] {
        for level in [None, Some(Level::Discovery), Some(Level::Autonomous), Some(Level::Trainer)] {
            let drawing = art(hazard, level).drawing().unwrap();
            let name = format!("{hazard:?}-{}", level.map_or(0, Level::number)).to_lowercase();
            for pixels in [64, 256] {
                std::fs::write(folder().join(format!("{name}-{pixels}.png")), drawing.png(pixels).unwrap()).unwrap();
            }
            std::fs::write(folder().join(format!("{name}.svg")), drawing.svg()).unwrap();
            // The outlines alone: what somebody sees who sees no colours.
            let outlines: Vec<String> = drawing
                .svg()
                .split(" d=\"")
                .skip(1)
                .filter_map(|rest| Some(rest.split('"').next()?.to_owned()))
                .collect();
            assert!(!seen.contains(&outlines), "{name}");
            seen.push(outlines);
        }
    }
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let drawing = || art(Hazard::Red, Some(Level::Autonomous)).drawing().unwrap();
    assert_eq!(drawing().png(256).unwrap(), drawing().png(256).unwrap());
    assert_eq!(drawing().svg(), drawing().svg());
    let printed = || pdf("Badge", "fr", &[card(&facts()).unwrap()]);
    assert_eq!(printed(), printed());
}

#[test]
fn a_badge_is_baked_into_its_picture_in_both_formats() {
    let drawing = art(Hazard::Amber, Some(Level::Trainer)).drawing().unwrap();
    let png = bake_png(&drawing.png(256).unwrap(), Form::V3, "{}").unwrap();
    let svg = bake_svg(&drawing.svg(), Form::V3, "{}", "").unwrap();
    for picture in [png, svg.into_bytes()] {
        assert_eq!(unbake(&picture).unwrap().text, "{}");
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_and_what_is_too_long_is_cut() {
    assert_eq!(Colour::parse("red"), Err(ArtError::Colour("red".to_owned())));
    assert_eq!(Colour::parse("#+e5a63"), Err(ArtError::Colour("#+e5a63".to_owned())));
    let drawing = art(Hazard::Green, None).drawing().unwrap();
    assert_eq!(drawing.png(8), Err(ArtError::Size(8)));
    assert_eq!(drawing.png(4096), Err(ArtError::Size(4096)));
    let far = CardFacts { address: format!("{ADDRESS}/{}", "x".repeat(200)), ..facts() };
    assert!(matches!(card(&far), Err(ArtError::Address(_))));
    let long = "Utilisation très prolongée de la grande découpeuse laser ".repeat(9);
    let word = "x".repeat(500);
    for title in [long, word, String::new(), "Ł字\u{202f}!".to_owned()] {
        let rows = vec![(title.clone(), title.clone())];
        assert!(card(&CardFacts { title, rows, holder: None, ..facts() }).is_ok());
    }
}

/// What a program prints; a story without it would tell nothing.
fn read(program: &str, package: &str, arguments: &[&str]) -> String {
    let run = Command::new(program).args(arguments).output();
    let run =
        run.unwrap_or_else(|error| panic!("this test needs {program}: install the package `{package}` ({error})"));
    assert!(run.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).into_owned()
}

#[test]
fn a_printed_card_and_each_of_a_sheet_are_read_by_a_scanner() {
    let folder = folder();
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("card.pdf"), pdf("Badge : découpe laser", "fr", &[card(&facts()).unwrap()])).unwrap();
    let cards: Vec<CardFacts> =
        (1..=5).map(|number| CardFacts { address: format!("{ADDRESS}{number}"), ..facts() }).collect();
    std::fs::write(path("sheet.pdf"), pdf("Badges", "fr", &sheets(&cards).unwrap())).unwrap();
    for (name, pages, width) in [("card", 1, "209.76"), ("sheet", 2, "595.27")] {
        let told = read("pdfinfo", "poppler-utils", &[&path(&format!("{name}.pdf"))]);
        assert!(told.contains(&format!("Pages:           {pages}\n")), "{told}");
        assert!(told.contains(&format!("Page size:       {width}")), "{told}");
        read("pdftoppm", "poppler-utils", &["-r", "150", "-png", &path(&format!("{name}.pdf")), &path(name)]);
    }
    let scan = |name: &str| {
        let told = read("zbarimg", "zbar-tools", &["--quiet", "--raw", &path(name)]);
        let mut lines: Vec<String> = told.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(scan("card-1.png"), [ADDRESS]);
    let numbered = |numbers: std::ops::RangeInclusive<u32>| -> Vec<String> {
        numbers.map(|number| format!("{ADDRESS}{number}")).collect()
    };
    assert_eq!(scan("sheet-1.png"), numbered(1..=4));
    assert_eq!(scan("sheet-2.png"), numbered(5..=5));
    // Also as a picture on a screen.
    std::fs::write(path("card.png"), card(&facts()).unwrap().png(600).unwrap()).unwrap();
    assert_eq!(scan("card.png"), [ADDRESS]);
}
