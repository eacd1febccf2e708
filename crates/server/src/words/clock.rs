//! What is said of a clock that is not believed: to managers on their page, to operators by `doctor` and `readyz`.

use tremen_rules::network::Language;

use super::Text;
use crate::clock::Doubt;

/// Why the system's clock is not believed, what that does, and what to do.
#[must_use]
pub fn doubted_clock(doubt: Doubt, language: Language) -> Text {
    let [title, stepped, behind, ahead, next] = match language {
        Language::Fr => [
            "L’horloge du serveur est douteuse",
            "L’horloge du serveur a sauté de plus d’une minute.",
            "Au démarrage, l’horloge du serveur était en retard sur la dernière chose enregistrée.",
            "Au démarrage, l’horloge du serveur avait plus de trente jours d’avance sur la dernière chose enregistrée.",
            "Tant qu’elle n’est pas synchronisée, les machines rouges ne démarrent pas. Régler l’heure du serveur (NTP), ou confirmer par `tremen clock accept`.",
        ],
        Language::En => [
            "The server’s clock is in doubt",
            "The server’s clock stepped by more than a minute.",
            "At the start the server’s clock was behind the last thing recorded.",
            "At the start the server’s clock was over thirty days ahead of the last thing recorded.",
            "Until it is synchronised, red machines do not start. Set the server’s time (NTP), or confirm it with `tremen clock accept`.",
        ],
        Language::Br => [
            "Horolaj ar servijer zo douetus",
            "Lammet en deus horolaj ar servijer muioc’h eget ur vunutenn.",
            "Pa oa bet loc’het e oa horolaj ar servijer war-lerc’h an dra ziwezhañ enrollet.",
            "Pa oa bet loc’het e oa horolaj ar servijer ouzhpenn tregont deiz a-raok an dra ziwezhañ enrollet.",
            "Keit ha n’eo ket sinkronelaet ne loc’ho ket ar mekanikoù ruz. Reizhañ eur ar servijer (NTP), pe kadarnaat gant `tremen clock accept`.",
        ],
    };
    let sentence = match doubt {
        Doubt::Stepped => stepped,
        Doubt::Behind => behind,
        Doubt::Ahead => ahead,
    };
    let say = |text| super::typeset(text, language);
    Text { title: say(title), sentence: say(sentence), next: Some(say(next)) }
}

#[cfg(test)]
mod tests {
    use super::{Doubt, Language, doubted_clock};

    #[test]
    fn each_doubt_says_why_and_what_to_do_in_each_language() {
        for language in [Language::Fr, Language::En, Language::Br] {
            let said = [Doubt::Stepped, Doubt::Behind, Doubt::Ahead].map(|doubt| doubted_clock(doubt, language));
            let mut sentences: Vec<_> = said.iter().map(|text| text.sentence.clone()).collect();
            sentences.dedup();
            assert_eq!(sentences.len(), 3);
            assert!(said.iter().all(|text| text.next.as_ref().unwrap().contains("tremen clock accept")));
        }
    }
}
