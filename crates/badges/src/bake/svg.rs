//! SVG: one element straight after the root, with the badge's text.

use super::xml::{Element, SVG, broken, read};
use super::{BakeError, Baked, Form};

const V3: &str = "https://purl.imsglobal.org/ob/v3p0";
const V2: &str = "http://openbadges.org";

/// What a badge's picture may draw with. Nothing that runs, loads, or links outward is among them.
const DRAWING: [&str; 24] = [
    "svg",
    "g",
    "defs",
    "title",
    "desc",
    "path",
    "circle",
    "ellipse",
    "rect",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "textPath",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "mask",
    "pattern",
    "symbol",
    "use",
    "marker",
];

/// Every badge in the picture.
pub(super) fn badges(source: &str) -> Result<Vec<Baked>, BakeError> {
    let elements = picture(source)?;
    elements
        .iter()
        .filter_map(|element| Some((form_of(element)?, element)))
        .map(|(form, element)| {
            let inside = element.text.trim();
            let text = if inside.is_empty() { element.attribute("verify").unwrap_or_default() } else { inside };
            if text.is_empty() { Err(BakeError::NoBadge) } else { Ok(Baked { form, text: text.to_owned() }) }
        })
        .collect()
}

/// The picture with this badge alone.
pub(super) fn bake(source: &str, form: Form, text: &str, id: &str) -> Result<String, BakeError> {
    let elements = picture(source)?;
    let root = elements.first().ok_or_else(|| broken("no picture"))?;
    if source.get(root.tag.start..).is_none_or(|tag| !tag.starts_with("<svg") || tag.starts_with("<svg:")) {
        return Err(broken("its root is named with a prefix"));
    }
    for element in elements.iter().filter(|element| form_of(element).is_none()) {
        harmless(element)?;
    }
    let cdata = format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"));
    let (namespace, badge) = match form {
        Form::V3 => (V3, format!("<openbadges:credential>{cdata}</openbadges:credential>")),
        Form::V2 => {
            let id = escaped(id);
            (V2, format!("<openbadges:assertion verify=\"{id}\">{cdata}</openbadges:assertion>"))
        }
    };
    let mut out = String::from("<svg");
    for (key, value) in root.attributes.iter().filter(|(key, _)| key != "xmlns:openbadges") {
        out.push_str(&format!(" {key}=\"{}\"", escaped(value)));
    }
    out.push_str(&format!(" xmlns:openbadges=\"{namespace}\">{badge}"));
    if !root.is_empty {
        let mut at = root.tag.end;
        for old in elements.iter().filter(|element| form_of(element).is_some()) {
            // Elements come in order; one within another that is left out is left out with it.
            if old.tag.start >= at {
                out.push_str(source.get(at..old.tag.start).unwrap_or_default());
                at = old.end;
            }
        }
        out.push_str(source.get(at..root.end).unwrap_or_default());
    } else {
        out.push_str("</svg>");
    }
    Ok(out)
}

fn picture(source: &str) -> Result<Vec<Element>, BakeError> {
    let elements = read(source)?;
    match elements.first() {
        Some(root) if root.name == "svg" && root.namespace == SVG => Ok(elements),
        Some(_) | None => Err(broken("neither PNG nor SVG")),
    }
}

fn form_of(element: &Element) -> Option<Form> {
    match (element.namespace.as_str(), element.name.as_str()) {
        (V3, "credential") => Some(Form::V3),
        (V2, "assertion") => Some(Form::V2),
        _other => None,
    }
}

fn harmless(element: &Element) -> Result<(), BakeError> {
    if element.namespace != SVG || !DRAWING.contains(&element.name.as_str()) {
        return Err(BakeError::NotHarmless(element.name.clone()));
    }
    for (key, value) in &element.attributes {
        let name = key.rsplit(':').next().unwrap_or(key).to_ascii_lowercase();
        let value = value.to_ascii_lowercase().replace("url(#", "(#");
        let links_outward = name == "href" && !value.starts_with('#');
        if name.starts_with("on") || name == "style" || name == "base" || links_outward || value.contains("url(") {
            return Err(BakeError::NotHarmless(key.clone()));
        }
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
