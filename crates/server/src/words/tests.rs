//! What people read, for the sample network.

use tremen_rules::network::Language::{self, Br, En, Fr};
use tremen_rules::{
    Award, AwardId, DenialReason, IssuerId, Level, Network, Objection, PersonFacts, PersonId, ReferenceId, Restriction,
    Scope, Span, Time,
};

use super::{Asked, Text, code_text, denial_lcd, denial_text};

/// Monday 23 November 2026, 14:32 in Brest.
const NOW: Time = Time::from_millis(1_795_440_720_000);
/// Tuesday 3 November 2026, 00:00 in Brest: what ends then counted last on 2 November.
const NOVEMBER_3: Time = Time::from_millis(1_793_660_400_000);

fn sample() -> Network {
    tremen_files::network_file::read(include_str!("../../../../config/sample/network.toml")).unwrap().network
}

fn marie() -> PersonFacts {
    let mut facts = PersonFacts::nothing_about(PersonId::parse("p1").unwrap());
    facts.awards.push(Award {
        id: AwardId::parse("a1").unwrap(),
        reference: ReferenceId::parse("decoupe-laser").unwrap(),
        version: 1,
        level: Level::Discovery,
        issuer: IssuerId::parse("ty-makers").unwrap(),
        issued_at: NOVEMBER_3.plus_millis(-1_000_000),
        valid_until: Some(NOVEMBER_3),
        superseded_at: None,
        revoked_at: None,
        suspensions: Vec::new(),
    });
    facts
}

fn objection(reason: DenialReason) -> Objection {
    Objection {
        requirement: Some(0),
        award: Some(AwardId::parse("a1").unwrap()),
        since: Some(NOVEMBER_3),
        ..Objection::bare(reason)
    }
}

fn said(machine: &str, objection: &Objection, language: Language) -> Text {
    let network = sample();
    denial_text(objection, &Asked { network: &network, machine, now: NOW }, Some(&marie()), language)
}

fn shown(machine: &str, objection: &Objection) -> [String; 2] {
    let network = sample();
    denial_lcd(objection, &Asked { network: &network, machine, now: NOW }, Fr)
}

#[test]
fn an_expired_award_is_named_with_its_last_day_and_no_training_is_made_up() {
    let expired = objection(DenialReason::AwardExpired);
    let text = said("trotec-speedy", &expired, Fr);
    assert_eq!(text.sentence, "«\u{a0}Utilisation de la découpeuse laser\u{a0}» a expiré le 2\u{a0}novembre 2026.");
    assert_eq!(text.next.unwrap(), "Remise à niveau avec un référent\u{a0}: demandez à l’accueil.");
    assert_eq!(
        said("trotec-speedy", &expired, En).sentence,
        "“Using the laser cutter” expired on 2\u{a0}November 2026."
    );
    let br = said("trotec-speedy", &expired, Br);
    assert_eq!(br.sentence, "Diamzeret eo «\u{a0}Implijout an troc'herez laser\u{a0}» abaoe an 2 a viz Du 2026.");
    assert_eq!(shown("trotec-speedy", &expired), ["Expiree le 02/11", "Voir le referent"]);
}

#[test]
fn an_expired_award_without_its_date_has_shorter_lines() {
    let expired = Objection::bare(DenialReason::AwardExpired);
    assert_eq!(shown("trotec-speedy", &expired), ["Habilitation expiree", "Voir le referent"]);
}

#[test]
fn levels_versions_issuers_and_prerequisites_are_named() {
    let sentence = |reason| said("trotec-speedy", &objection(reason), Fr).sentence.replace('\u{a0}', " ");
    assert_eq!(
        sentence(DenialReason::LevelTooLow),
        "Cette machine demande le niveau 2 (autonome) ; vous êtes au niveau 1 (découverte)."
    );
    assert_eq!(
        sentence(DenialReason::ReferenceOutdated),
        "Les règles de sécurité ont changé : version 2, vous avez la 1."
    );
    assert_eq!(
        sentence(DenialReason::IssuerNotRecognised),
        "UBO Open Factory n’accepte pas encore « Utilisation de la découpeuse laser » émis par Ty Makers (réseau \
         voisin, exemple)."
    );
    let missing = said("trotec-speedy", &objection(DenialReason::PrerequisiteMissing), Fr);
    assert_eq!(
        missing.next.unwrap().replace('\u{a0}', " "),
        "Passez d’abord « Accueil sécurité de l'atelier » : demandez à l’accueil."
    );
}

#[test]
fn a_suspension_of_one_machine_does_not_speak_of_the_whole_venue() {
    let network = sample();
    let suspended = Objection { until: Some(NOVEMBER_3), ..Objection::bare(DenialReason::PersonSuspendedHere) };
    let mut facts = marie();
    let mut say = |scope: &str| {
        facts.restrictions = vec![Restriction { scope: Scope::parse(scope).unwrap(), span: Span::new(NOW, None) }];
        let ask = Asked { network: &network, machine: "trotec-speedy", now: NOW };
        denial_text(&suspended, &ask, Some(&facts), Fr).sentence.replace('\u{a0}', " ")
    };
    assert_eq!(say("machine:trotec-speedy"), "Votre accès à cette machine est suspendu jusqu’au 3 novembre 2026.");
    assert_eq!(say("venue:ubo"), "Votre accès aux machines de UBO Open Factory est suspendu jusqu’au 3 novembre 2026.");
}

#[test]
fn closed_hours_are_said_where_the_day_has_one_shift() {
    let wednesday_9 = Time::from_millis(1_795_593_600_000 - 3_600_000 * 5 + 1_800_000 * 2);
    let closed = Objection { until: Some(wednesday_9), ..Objection::bare(DenialReason::OutsideOpeningHours) };
    let text = said("trotec-speedy", &closed, Fr);
    assert_eq!(text.sentence.replace('\u{a0}', " "), "Cette machine s’utilise de 9 h à 18 h aujourd’hui.");
    assert!(text.next.unwrap().starts_with("Revenez mercredi 25"), "the day is named");
    let ponant = said("laser-ponant", &Objection::bare(DenialReason::OutsideOpeningHours), Fr);
    assert_eq!(ponant.sentence, "Les Fabriques du Ponant est fermé à cette heure.");
    assert_eq!(ponant.next.unwrap(), "Voyez les horaires du lieu.");
}

#[test]
fn a_machine_in_use_promises_nobody_a_notice() {
    let text = said("trotec-speedy", &Objection::bare(DenialReason::MachineBusy), Fr);
    assert_eq!(text.sentence, "Une séance est en cours.");
    assert!(!text.next.unwrap().contains("prévenu"));
}

#[test]
fn the_age_is_said_on_the_display_too() {
    let young = Objection::bare(DenialReason::AgeRestricted);
    assert_eq!(said("trotec-speedy", &young, En).title, "Minimum age: 16");
    assert_eq!(shown("trotec-speedy", &young), ["Age minimum: 16 ans", "Voir l'accueil"]);
    assert_eq!(shown("laser-ponant", &young), ["Age minimum", "Voir l'accueil"]);
}

#[test]
fn words_without_facts_name_nothing() {
    for code in DenialReason::ALL.into_iter().map(DenialReason::code).chain(["registry_unreachable", "who-knows"]) {
        for language in [Fr, En, Br] {
            let Text { title, sentence, next } = code_text(code, language);
            let next = next.unwrap();
            for text in [&title, &sentence, &next] {
                assert!(!text.is_empty() && !text.contains('{'), "{code} {language:?}: {text}");
            }
            let words = format!("{sentence}{next}");
            let numbers_that_are_rules = ["supervisor_needed", "replayed_request"].contains(&code);
            assert!(numbers_that_are_rules || !words.contains(|c: char| c.is_ascii_digit()), "{code}: {words}");
        }
    }
}

#[test]
fn every_refusal_has_words_for_a_machine_that_does_not_exist() {
    for reason in DenialReason::ALL {
        for language in [Fr, En, Br] {
            let text = said("nothing-here", &objection(reason), language);
            assert!(!text.title.is_empty() && !text.sentence.is_empty() && text.next.is_some(), "{reason}");
        }
        assert!(shown("nothing-here", &objection(reason)).iter().all(|line| line.len() <= 20));
    }
}
