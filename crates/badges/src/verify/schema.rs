//! The shapes that Open Badges 3.0 demands (appendix B of the norm, class by class), as far as a verifier relies on them.
//!
//! Start at [`flaws`]. Written from the norm's data model; what the norm leaves open stays open.

use serde_json::Value;

use super::credential::Kind;
use super::validity;
use crate::contexts::{CREDENTIALS_V1, CREDENTIALS_V2};
use crate::dates;
use crate::json::{listed, strings};

/// How many flaws are told.
const MAX_FLAWS: usize = 12;

/// The closed list of `AchievementType`; others begin with `ext:`.
const ACHIEVEMENT_TYPES: [&str; 32] = [
    "Achievement",
    "ApprenticeshipCertificate",
    "Assessment",
    "Assignment",
    "AssociateDegree",
    "Award",
    "BachelorDegree",
    "Badge",
    "Certificate",
    "CertificateOfCompletion",
    "Certification",
    "CoCurricular",
    "CommunityService",
    "Competency",
    "Course",
    "Degree",
    "Diploma",
    "DoctoralDegree",
    "Fieldwork",
    "GeneralEducationDevelopment",
    "JourneymanCertificate",
    "LearningProgram",
    "License",
    "MasterCertificate",
    "MasterDegree",
    "Membership",
    "MicroCredential",
    "ProfessionalDoctorate",
    "QualityAssuranceCredential",
    "ResearchDoctorate",
    "SecondarySchoolDiploma",
    "ext",
];

const RESULT_TYPES: [&str; 9] = [
    "GradePointAverage",
    "LetterGrade",
    "Percent",
    "PerformanceLevel",
    "PredictedScore",
    "RawScore",
    "Result",
    "RubricCriterion",
    "RubricCriterionLevel",
];
const RESULT_TYPES_MORE: [&str; 3] = ["RubricScore", "ScaledScore", "Status"];

/// What a member may be.
#[derive(Clone, Copy)]
enum Shape {
    /// Text, or text by language.
    Text,
    /// True or false.
    Flag,
    /// A number.
    Number,
    /// A date with a time zone.
    Instant,
    /// One of the list, or `ext:…`.
    Word(&'static [&'static str], &'static [&'static str]),
    /// An object of this class.
    One(&'static Class),
    /// An object of this class, or several.
    Many(&'static Class),
    /// An object of this class, or its id.
    OneOrId(&'static Class),
    /// A complete endorsement, which is verified on its own.
    Endorsements,
    /// Signed tokens, each with an endorsement that is verified on its own.
    Tokens,
    /// Anything with a type.
    Typed,
}

impl Shape {
    /// What the norm asks, as the end of "it is not".
    const fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::Number => "a number",
            Self::Instant => "a date with its time zone",
            Self::Word(_, _) => "a word of the norm's list, nor one that begins with `ext:`",
            Self::One(_) | Self::Many(_) | Self::OneOrId(_) => "an object",
            Self::Endorsements => "endorsements written out",
            Self::Tokens => "endorsements as tokens",
            Self::Typed => "one object with a type",
        }
    }
}

struct Class {
    /// What `type` must name; empty where the norm asks no type.
    name: &'static str,
    /// True when no other member is allowed.
    closed: bool,
    required: &'static [&'static str],
    members: &'static [(&'static str, Shape)],
}

const TEXT: Shape = Shape::Text;

static IMAGE: Class = Class {
    name: "Image",
    closed: true,
    required: &["id"],
    members: &[("id", TEXT), ("type", TEXT), ("caption", TEXT)],
};
static IDENTIFIER: Class = Class {
    name: "IdentifierEntry",
    closed: true,
    required: &["identifier", "identifierType"],
    members: &[("type", TEXT), ("identifier", TEXT), ("identifierType", TEXT)],
};
static IDENTITY: Class = Class {
    name: "IdentityObject",
    closed: true,
    required: &["hashed", "identityHash", "identityType"],
    members: &[("type", TEXT), ("hashed", Shape::Flag), ("identityHash", TEXT), ("identityType", TEXT), ("salt", TEXT)],
};
static GEO: Class = Class {
    name: "GeoCoordinates",
    closed: false,
    required: &["latitude", "longitude"],
    members: &[("latitude", Shape::Number), ("longitude", Shape::Number)],
};
static ADDRESS: Class = Class {
    name: "Address",
    closed: false,
    required: &[],
    members: &[("addressCountry", TEXT), ("geo", Shape::One(&GEO))],
};
static PROFILE: Class = Class {
    name: "Profile",
    closed: false,
    required: &["id"],
    members: &[
        ("id", TEXT),
        ("name", TEXT),
        ("url", TEXT),
        ("phone", TEXT),
        ("description", TEXT),
        ("endorsement", Shape::Endorsements),
        ("endorsementJwt", Shape::Tokens),
        ("image", Shape::One(&IMAGE)),
        ("email", TEXT),
        ("address", Shape::One(&ADDRESS)),
        ("otherIdentifier", Shape::Many(&IDENTIFIER)),
        ("official", TEXT),
    ],
};
static ALIGNMENT: Class = Class {
    name: "Alignment",
    closed: false,
    required: &["targetName", "targetUrl"],
    members: &[("targetName", TEXT), ("targetUrl", TEXT), ("targetCode", TEXT), ("targetType", TEXT)],
};
static CRITERIA: Class =
    Class { name: "", closed: false, required: &[], members: &[("id", TEXT), ("narrative", TEXT)] };
static LEVEL: Class = Class {
    name: "RubricCriterionLevel",
    closed: false,
    required: &["id", "name"],
    members: &[
        ("id", TEXT),
        ("name", TEXT),
        ("level", TEXT),
        ("points", TEXT),
        ("description", TEXT),
        ("alignment", Shape::Many(&ALIGNMENT)),
    ],
};
static RESULT_DESCRIPTION: Class = Class {
    name: "ResultDescription",
    closed: false,
    required: &["id", "name", "resultType"],
    members: &[
        ("id", TEXT),
        ("name", TEXT),
        ("resultType", Shape::Word(&RESULT_TYPES, &RESULT_TYPES_MORE)),
        ("requiredLevel", TEXT),
        ("requiredValue", TEXT),
        ("rubricCriterionLevel", Shape::Many(&LEVEL)),
        ("alignment", Shape::Many(&ALIGNMENT)),
    ],
};
static RESULT: Class = Class {
    name: "Result",
    closed: false,
    required: &[],
    members: &[
        ("achievedLevel", TEXT),
        ("resultDescription", TEXT),
        ("value", TEXT),
        (
            "status",
            Shape::Word(&["Completed", "Enrolled", "Failed", "InProgress", "OnHold", "Provisional", "Withdrew"], &[]),
        ),
        ("alignment", Shape::Many(&ALIGNMENT)),
    ],
};
static ACHIEVEMENT: Class = Class {
    name: "Achievement",
    closed: false,
    required: &["id", "criteria", "description", "name"],
    members: &[
        ("id", TEXT),
        ("name", TEXT),
        ("description", TEXT),
        ("criteria", Shape::One(&CRITERIA)),
        ("achievementType", Shape::Word(&ACHIEVEMENT_TYPES, &[])),
        ("creator", Shape::One(&PROFILE)),
        ("creditsAvailable", Shape::Number),
        ("endorsement", Shape::Endorsements),
        ("endorsementJwt", Shape::Tokens),
        ("image", Shape::One(&IMAGE)),
        ("inLanguage", TEXT),
        ("humanCode", TEXT),
        ("version", TEXT),
        ("alignment", Shape::Many(&ALIGNMENT)),
        ("otherIdentifier", Shape::Many(&IDENTIFIER)),
        ("resultDescription", Shape::Many(&RESULT_DESCRIPTION)),
    ],
};
static SUBJECT: Class = Class {
    name: "AchievementSubject",
    closed: false,
    required: &["achievement"],
    members: &[
        ("id", TEXT),
        ("achievement", Shape::One(&ACHIEVEMENT)),
        ("activityStartDate", Shape::Instant),
        ("activityEndDate", Shape::Instant),
        ("creditsEarned", Shape::Number),
        ("identifier", Shape::Many(&IDENTITY)),
        ("image", Shape::One(&IMAGE)),
        ("result", Shape::Many(&RESULT)),
        ("source", Shape::One(&PROFILE)),
    ],
};
static ENDORSEMENT_SUBJECT: Class = Class {
    name: "EndorsementSubject",
    closed: false,
    required: &["id"],
    members: &[("id", TEXT), ("endorsementComment", TEXT)],
};
static EVIDENCE: Class = Class {
    name: "Evidence",
    closed: false,
    required: &[],
    members: &[("id", TEXT), ("name", TEXT), ("description", TEXT), ("narrative", TEXT), ("genre", TEXT)],
};
static AWARD: Class = Class {
    name: "VerifiableCredential",
    closed: false,
    required: &["@context", "id", "credentialSubject", "issuer"],
    members: &[
        ("id", TEXT),
        ("name", TEXT),
        ("description", TEXT),
        ("issuer", Shape::OneOrId(&PROFILE)),
        ("credentialSubject", Shape::One(&SUBJECT)),
        ("awardedDate", Shape::Instant),
        ("image", Shape::One(&IMAGE)),
        ("evidence", Shape::Many(&EVIDENCE)),
        ("endorsement", Shape::Endorsements),
        ("endorsementJwt", Shape::Tokens),
        ("credentialStatus", Shape::Typed),
    ],
};
static ENDORSEMENT: Class = Class {
    name: "EndorsementCredential",
    closed: false,
    required: &["@context", "id", "name", "credentialSubject", "issuer"],
    members: &[
        ("id", TEXT),
        ("name", TEXT),
        ("description", TEXT),
        ("issuer", Shape::OneOrId(&PROFILE)),
        ("credentialSubject", Shape::One(&ENDORSEMENT_SUBJECT)),
        ("awardedDate", Shape::Instant),
        ("credentialStatus", Shape::Typed),
    ],
};

static LIST_SUBJECT: Class = Class {
    name: "",
    closed: false,
    required: &["type", "statusPurpose", "encodedList"],
    members: &[("id", TEXT), ("encodedList", TEXT)],
};
static STATUS_LIST: Class = Class {
    name: "VerifiableCredential",
    closed: false,
    required: &["@context", "credentialSubject", "issuer"],
    members: &[("id", TEXT), ("credentialSubject", Shape::One(&LIST_SUBJECT))],
};

/// What a credential lacks, with the place of each flaw; nothing when it has its shape.
pub(super) fn flaws(document: &Value, kind: Kind) -> Vec<String> {
    let mut flaws = Vec::new();
    let class = match kind {
        Kind::Award => &AWARD,
        Kind::Endorsement => &ENDORSEMENT,
        Kind::StatusList => &STATUS_LIST,
    };
    let (begin, _) = validity::members(document);
    if kind != Kind::StatusList {
        if !contexts_in_order(document) {
            flaws.push("@context: begins with W3C credentials, then Open Badges 3.0".to_owned());
        }
        if document.get(begin).is_none() {
            flaws.push(format!("/{begin}: absent"));
        }
    }
    for date in ["validFrom", "validUntil", "issuanceDate", "expirationDate"] {
        if let Some(value) = document.get(date) {
            check(value, Shape::Instant, &format!("/{date}"), &mut flaws);
        }
    }
    object(document, class, "", &mut flaws);
    flaws.truncate(MAX_FLAWS);
    flaws
}

/// The two first contexts are fixed (OB3 `#compacted`); issuers from before the final norm begin with the first of 2018.
fn contexts_in_order(document: &Value) -> bool {
    let Some([first, second, ..]) = document.get("@context").and_then(Value::as_array).map(Vec::as_slice) else {
        return false;
    };
    (first == CREDENTIALS_V2 || first == CREDENTIALS_V1)
        && second.as_str().is_some_and(|url| url.starts_with("https://purl.imsglobal.org/spec/ob/v3p0/context"))
}

fn object(value: &Value, class: &Class, place: &str, flaws: &mut Vec<String>) {
    let Some(members) = value.as_object() else {
        flaws.push(format!("{place}: not an object"));
        return;
    };
    if !class.name.is_empty() && !strings(members.get("type")).contains(&class.name) {
        flaws.push(format!("{place}/type: does not name `{}`", class.name));
    }
    for required in class.required {
        if !members.contains_key(*required) {
            flaws.push(format!("{place}/{required}: absent"));
        }
    }
    for (name, member) in members {
        match class.members.iter().find(|(known, _)| known == name) {
            Some((_, shape)) => check(member, *shape, &format!("{place}/{name}"), flaws),
            None if class.closed => flaws.push(format!("{place}/{name}: not allowed here")),
            None => {}
        }
    }
}

fn check(value: &Value, shape: Shape, place: &str, flaws: &mut Vec<String>) {
    let sound = match shape {
        // `type` may be a list; text by language is an object of strings.
        Shape::Text => value.is_string() || value.is_object() || (place.ends_with("/type") && value.is_array()),
        Shape::Flag => value.is_boolean(),
        Shape::Number => value.is_number(),
        Shape::Instant => value.as_str().is_some_and(|text| dates::parse(text).is_some()),
        Shape::Word(list, more) => value.as_str().is_some_and(|word| {
            word.strip_prefix("ext:")
                .map_or_else(|| list.contains(&word) || more.contains(&word), |own| !own.is_empty())
        }),
        Shape::One(class) => return object(value, class, place, flaws),
        Shape::OneOrId(_) if value.is_string() => true,
        Shape::OneOrId(class) => return object(value, class, place, flaws),
        Shape::Many(class) => {
            return listed(Some(value)).into_iter().for_each(|one| object(one, class, place, flaws));
        }
        Shape::Endorsements => listed(Some(value)).iter().all(|one| one.is_object()),
        Shape::Tokens => listed(Some(value)).iter().all(|one| one.is_string()),
        Shape::Typed => value.is_object() && value.get("type").is_some_and(Value::is_string),
    };
    if !sound {
        flaws.push(format!("{place}: not {}", shape.words()));
    }
}
