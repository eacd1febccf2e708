//! The class of a badge (OB3, `Achievement`): a version of a reference with its levels.

use serde::Serialize;
use tremen_rules::Level;

use super::credential::Profile;
use crate::facts::{Addresses, ReferenceFacts};

/// A version of a reference, as a class of badges.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Achievement {
    id: String,
    r#type: [&'static str; 1],
    name: String,
    description: String,
    criteria: Criteria,
    image: Image,
    achievement_type: &'static str,
    creator: Profile,
    in_language: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    human_code: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tag: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alignment: Vec<Alignment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    result_description: Vec<ResultDescription>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    endorsement: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Criteria {
    id: String,
    narrative: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Image {
    id: String,
    r#type: &'static str,
    caption: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Alignment {
    r#type: [&'static str; 1],
    target_name: String,
    target_url: String,
    target_type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultDescription {
    id: String,
    r#type: [&'static str; 1],
    name: String,
    result_type: &'static str,
    required_level: String,
    rubric_criterion_level: Vec<RubricCriterionLevel>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct RubricCriterionLevel {
    id: String,
    r#type: [&'static str; 1],
    level: String,
    name: String,
    description: String,
}

/// What was achieved, under a [`ResultDescription`] (OB3, `Result`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LevelResult {
    r#type: [&'static str; 1],
    result_description: String,
    achieved_level: String,
}

impl LevelResult {
    /// This level of a class.
    pub(super) fn of(class: &str, level: Level) -> Self {
        Self {
            r#type: ["Result"],
            result_description: format!("{class}#niveau"),
            achieved_level: level_id(class, level),
        }
    }
}

fn level_id(class: &str, level: Level) -> String {
    format!("{class}#n{}", level.number())
}

impl Achievement {
    /// The class of this version of a reference, with endorsements of the class inside.
    #[must_use]
    pub fn of(reference: &ReferenceFacts, endorsements: &[serde_json::Value], addresses: &Addresses) -> Self {
        let id = addresses.class(&reference.id, reference.version);
        let levels: Vec<RubricCriterionLevel> = reference
            .levels
            .iter()
            .map(|level| RubricCriterionLevel {
                id: level_id(&id, level.level),
                r#type: ["RubricCriterionLevel"],
                level: level.level.number().to_string(),
                name: level.name.clone(),
                description: level.description.clone(),
            })
            .collect();
        let scale = reference.levels.first().map(|lowest| ResultDescription {
            id: format!("{id}#niveau"),
            r#type: ["ResultDescription"],
            name: reference.scale.clone(),
            result_type: "RubricCriterionLevel",
            required_level: level_id(&id, lowest.level),
            rubric_criterion_level: levels,
        });
        let step = |(url, name): &(String, String)| Alignment {
            r#type: ["Alignment"],
            target_name: name.clone(),
            target_url: url.clone(),
            target_type: "ceterms:Credential",
        };
        Self {
            r#type: ["Achievement"],
            name: reference.title.clone(),
            description: reference.description.clone(),
            criteria: Criteria { id: format!("{id}/criteres"), narrative: reference.criteria.clone() },
            image: Image { id: format!("{id}/image.png"), r#type: "Image", caption: reference.image_caption.clone() },
            achievement_type: reference.kind.as_str(),
            creator: Profile::of(&reference.creator),
            in_language: reference.language.clone(),
            version: reference.version.to_string(),
            human_code: reference.human_code.clone(),
            tag: reference.tags.clone(),
            alignment: reference.steps.iter().map(step).collect(),
            result_description: scale.into_iter().collect(),
            endorsement: endorsements.to_vec(),
            id,
        }
    }
}
