//! Issuers that exist only here, each with an Ed25519 and a P-256 key, and what they make.

use p256::ecdsa::signature::Signer as _;
use serde_json::{Value, json};
use tremen_badges::contexts::Contexts;
use tremen_badges::dates;
use tremen_badges::keys::SigningKey;
use tremen_badges::multibase::encode_base64url;
use tremen_badges::proof;
use tremen_badges::status_list::StatusList;

use crate::world::World;

/// The contexts of an award of today.
pub const TODAY: [&str; 2] =
    ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"];
/// Those of an issuer from before the final norm, of 2018.
pub const OF_2018: [&str; 2] =
    ["https://www.w3.org/2018/credentials/v1", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"];
/// What the issuers here also name: status lists of 1EdTech.
const EXTENSIONS: &str = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json";

/// How a document is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// With a proof inside.
    Proof,
    /// As a token.
    Token,
}

/// An issuer.
#[derive(Debug, Clone, Copy)]
pub struct Issuer {
    pub id: &'static str,
    seed: u8,
}

/// Who awards.
pub const SCHOOL: Issuer = Issuer { id: "https://school.example/issuer", seed: 9 };
/// Who endorses.
pub const GUILD: Issuer = Issuer { id: "https://guild.example/issuer", seed: 11 };
/// Who should not be believed.
pub const EVE: Issuer = Issuer { id: "https://evil.example/issuer", seed: 13 };

/// A world where all three answer.
pub fn world() -> World {
    [SCHOOL, GUILD, EVE].iter().fold(World::default(), |world, issuer| world.serving(issuer.id, &issuer.document()))
}

impl Issuer {
    pub fn ed25519(&self) -> SigningKey {
        SigningKey::from_seed(&format!("{}#ed", self.id), &[self.seed; 32])
    }

    fn p256(&self) -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&[self.seed; 32]).unwrap()
    }

    /// The document that lists its keys, one in full and one by its fragment.
    pub fn document(&self) -> Value {
        let point = self.p256().verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().map(|x| base64(x)), point.y().map(|y| base64(y)));
        json!({
            "id": self.id, "assertionMethod": [format!("{}#ed", self.id), "#ec"],
            "verificationMethod": [
                {"id": format!("{}#ed", self.id), "type": "Multikey", "controller": self.id,
                    "publicKeyMultibase": self.ed25519().public_multikey()},
                {"id": "#ec", "type": "JsonWebKey", "controller": self.id,
                    "publicKeyJwk": {"kty": "EC", "crv": "P-256", "x": x, "y": y}},
            ],
        })
    }

    /// An address of its own.
    pub fn at(&self, path: &str) -> String {
        self.id.replace("issuer", path)
    }

    /// An award, not signed yet.
    pub fn award(&self) -> Value {
        json!({
            "@context": [TODAY[0], TODAY[1], EXTENSIONS], "id": self.at("badges/1"),
            "type": ["VerifiableCredential", "OpenBadgeCredential"], "issuer": {"id": self.id, "type": ["Profile"], "name": "School"},
            "validFrom": "2026-03-02T17:30:00Z",
            "credentialSubject": {"id": "did:web:ada.example", "type": ["AchievementSubject"], "achievement": {
                "id": self.at("class"), "type": ["Achievement"], "name": "Laser", "description": "Laser",
                "criteria": {"narrative": "Shown."}}},
        })
    }

    /// An endorsement of what has this id, not signed yet.
    pub fn endorsement(&self, of: &str) -> Value {
        json!({
            "@context": TODAY, "id": self.at("endorsements/1"), "type": ["VerifiableCredential", "EndorsementCredential"],
            "name": "Endorsement", "issuer": {"id": self.id, "type": ["Profile"], "name": "Guild"},
            "validFrom": "2026-03-10T09:00:00Z",
            "credentialSubject": {"id": of, "type": ["EndorsementSubject"], "endorsementComment": "Good."},
        })
    }

    /// A status list of today with these places set, not signed yet.
    pub fn list(&self, purpose: &str, set: &[u32]) -> Value {
        json!({
            "@context": TODAY[0], "id": self.at("list"), "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": self.id, "validFrom": "2026-03-02T00:00:00Z",
            "credentialSubject": {"id": self.at("list#list"), "type": "BitstringStatusList", "statusPurpose": purpose,
                "encodedList": StatusList::with(set).unwrap().encode()},
        })
    }

    /// The same by the draft of 2021: contexts of 2018, base64 with padding.
    pub fn list_of_2021(&self, purpose: &str, set: &[u32]) -> Value {
        let today = StatusList::with(set).unwrap().encode();
        let mut encoded = today.split_at(1).1.replace('-', "+").replace('_', "/");
        encoded.push_str(&"=".repeat((4 - encoded.len() % 4) % 4));
        json!({
            "@context": [OF_2018[0], "https://w3id.org/vc/status-list/2021/v1", "https://w3id.org/security/data-integrity/v2"], "id": self.at("list"),
            "type": ["VerifiableCredential", "StatusList2021Credential"], "issuer": self.id,
            "issuanceDate": "2026-03-02T00:00:00Z",
            "credentialSubject": {"id": self.at("list#list"), "type": "StatusList2021", "statusPurpose": purpose,
                "encodedList": encoded},
        })
    }

    /// The document, signed: as JSON with a proof, or as a token.
    pub fn sign(&self, document: &Value, by: By) -> String {
        match by {
            By::Proof => self.with_proof(document).to_string(),
            By::Token => self.token(document),
        }
    }

    /// The document with a proof.
    pub fn with_proof(&self, document: &Value) -> Value {
        let at = dates::parse("2026-03-02T17:31:00Z").unwrap();
        let mut signed = document.clone();
        signed["proof"] = proof::sign(document, &self.ed25519(), &Contexts::pinned(), at).unwrap().into();
        signed
    }

    /// A token with these claims, signed with the Ed25519 key that its header names.
    pub fn token(&self, claims: &Value) -> String {
        self.token_under(&json!({"alg": "EdDSA", "kid": format!("{}#ed", self.id)}), claims)
    }

    /// A token under any header, signed with the P-256 key where the header says so, else with the other one.
    pub fn token_under(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
        let signature = if header["alg"] == "ES256" {
            let signature: p256::ecdsa::Signature = self.p256().sign(signed.as_bytes());
            base64(&signature.to_bytes())
        } else {
            base64(&self.ed25519().sign(signed.as_bytes()))
        };
        format!("{signed}.{signature}")
    }
}

/// The claims of a token of the W3C's first model: the credential without what the registered claims say in its place.
pub fn claims_with_vc(credential: &Value) -> Value {
    let mut vc = credential.clone();
    let members = vc.as_object_mut().unwrap();
    let (id, issuer, from) = (members.remove("id"), members.remove("issuer").unwrap(), members.remove("issuanceDate"));
    let until = members.remove("expirationDate");
    let seconds = |date: Option<Value>| {
        date.map(|date| dates::parse(date.as_str().unwrap()).unwrap().millis() / 1000).map(Value::from)
    };
    let subject = vc["credentialSubject"].as_object_mut().unwrap().remove("id");
    let issuer = issuer.get("id").cloned().unwrap_or(issuer);
    let mut claims = json!({"iss": issuer, "vc": vc});
    for (claim, value) in [("jti", id), ("sub", subject), ("nbf", seconds(from)), ("exp", seconds(until))] {
        if let Some(value) = value {
            claims[claim] = value;
        }
    }
    claims
}

pub fn base64(bytes: &[u8]) -> String {
    encode_base64url(bytes).split_off(1)
}
