//! Display lines that are no refusal: a welcome, what was done, why a running session stops. Two lines of at most twenty
//! ASCII characters each, because that is what a controller's display can show.

use tremen_rules::network::Language;

use super::Done;

/// The lines of a grant.
#[must_use]
pub fn grant_lcd(language: Language) -> [String; 2] {
    lines(match language {
        Language::Fr => ["Bonne seance", "Vous pouvez demarrer"],
        Language::En => ["Welcome", "You can start"],
        Language::Br => ["Degemer mat", "Gallout a rit kregin"],
    })
}

/// The lines of a tap that did something else than start the machine.
#[must_use]
pub fn done_lcd(done: Done, language: Language) -> [String; 2] {
    lines(match (done, language) {
        (Done::SessionEnded, Language::Fr) => ["Seance terminee", "Merci, a bientot"],
        (Done::SessionEnded, Language::En) => ["Session ended", "Thank you"],
        (Done::SessionEnded, Language::Br) => ["Abadenn echu", "Trugarez, kenavo"],
        (Done::NothingToEnd, Language::Fr) => ["Rien a terminer", "Aucune seance ici"],
        (Done::NothingToEnd, Language::En) => ["Nothing to end", "No session here"],
        (Done::NothingToEnd, Language::Br) => ["Netra da echuin", "Abadenn ebet aman"],
        (Done::SupervisorReady, Language::Fr) => ["Tuteur present", "A l'apprenant: 30 s"],
        (Done::SupervisorReady, Language::En) => ["Supervisor ready", "Learner taps: 30 s"],
        (Done::SupervisorReady, Language::Br) => ["Ambrouger prest", "An deskard: 30 eil."],
        (Done::TrainerReady, Language::Fr) => ["Formateur present", "A l'apprenant: 30 s"],
        (Done::TrainerReady, Language::En) => ["Trainer ready", "Trainee taps: 30 s"],
        (Done::TrainerReady, Language::Br) => ["Stummer prest", "An deskard: 30 eil."],
        (Done::Inducted, Language::Fr) => ["Initiation validee", "Badge obtenu"],
        (Done::Inducted, Language::En) => ["Induction done", "Badge awarded"],
        (Done::Inducted, Language::Br) => ["Deskadurezh graet", "Badj resevet"],
    })
}

/// The lines of a running session that is told to stop. `reason` is a denial's code, or why else it stops: `manager`,
/// `idle`, `max_session`, `registry_unreachable`, `controller_retired`, `session_unknown` and the like; a code that is
/// none of these has general lines.
#[must_use]
pub fn stop_lcd(reason: &str, language: Language) -> [String; 2] {
    let stops = match language {
        Language::Fr => "La machine s'arrete",
        Language::En => "The machine stops",
        Language::Br => "Ehan a ra ar mekanik",
    };
    if let Some(forms) = super::copy::forms(reason, language)
        && let Some([why, _]) = forms.lcd.last()
    {
        return lines([why, stops]);
    }
    let why = match (reason, language) {
        ("manager", Language::Fr) => "Arret par le lieu",
        ("manager", Language::En) => "Stopped by the venue",
        ("manager", Language::Br) => "Arsavet gant al lech",
        ("idle", Language::Fr) => "Machine inutilisee",
        ("idle", Language::En) => "Machine left unused",
        ("idle", Language::Br) => "Mekanik dilabour",
        ("max_session", Language::Fr) => "Duree max. atteinte",
        ("max_session", Language::En) => "Time limit reached",
        ("max_session", Language::Br) => "Padelezh echu",
        ("controller_retired", Language::Fr) => "Boitier retire",
        ("controller_retired", Language::En) => "Controller retired",
        ("controller_retired", Language::Br) => "Boest tennet",
        ("silent" | "lease", Language::Fr) => "Registre injoignable",
        ("silent" | "lease", Language::En) => "No registry link",
        ("silent" | "lease", Language::Br) => "Marilh direspont",
        (_, Language::Fr) => "Fin de la seance",
        (_, Language::En) => "End of the session",
        (_, Language::Br) => "Fin an abadenn",
    };
    lines([why, stops])
}

fn lines(lines: [&str; 2]) -> [String; 2] {
    lines.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Done, done_lcd, grant_lcd, stop_lcd};
    use tremen_rules::DenialReason;
    use tremen_rules::network::Language::{Br, En, Fr};

    #[test]
    fn every_line_fits_the_display() {
        let stops = ["manager", "idle", "max_session", "registry_unreachable", "controller_retired", "silent", "else"];
        let codes: Vec<&str> = DenialReason::ALL.into_iter().map(DenialReason::code).chain(stops).collect();
        let dones = [Done::SessionEnded, Done::NothingToEnd, Done::SupervisorReady, Done::TrainerReady, Done::Inducted];
        for language in [Fr, En, Br] {
            let mut all = vec![grant_lcd(language), super::super::unreachable_lcd(language)];
            all.extend(codes.iter().map(|code| stop_lcd(code, language)));
            all.extend(dones.map(|done| done_lcd(done, language)));
            for line in all.iter().flatten() {
                assert!(!line.is_empty() && line.len() <= 20, "{line}");
                assert!(line.bytes().all(|b| (0x20..0x7f).contains(&b)), "{line}");
            }
        }
    }

    #[test]
    fn a_session_whose_right_ends_says_which_and_that_the_machine_stops() {
        assert_eq!(stop_lcd("award_revoked", Fr), ["Habilitation retiree", "La machine s'arrete"]);
        assert_eq!(stop_lcd("manager", En), ["Stopped by the venue", "The machine stops"]);
    }
}
