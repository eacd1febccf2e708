//! Golden bytes of the canonical forms, hashes and signatures: the published example of Tremen and the W3C's vectors.
//! If one of these fails, do not change the test.

use serde_json::Value;
use tremen_badges::contexts::Contexts;
use tremen_badges::dates;
use tremen_badges::hash::{hex, sha256};
use tremen_badges::keys::{PublicKey, SigningKey};
use tremen_badges::proof::{canonical_form, sign, signed_bytes, verify};

macro_rules! vector {
    ($path:literal) => {
        include_str!(concat!("vectors/", $path))
    };
}

fn json(text: &str) -> Value {
    tremen_badges::json::parse(text.as_bytes(), 1 << 20).unwrap_or_default()
}

fn seed(hex: &str) -> [u8; 32] {
    core::array::from_fn(|i| hex.get(2 * i..2 * i + 2).and_then(|byte| u8::from_str_radix(byte, 16).ok()).unwrap_or(0))
}

#[test]
fn the_example_award_has_its_published_canonical_forms_hashes_and_signature() {
    let contexts = Contexts::pinned();
    let unsigned = json(vector!("tremen/vector/unsigned.json"));
    let hashes = json(vector!("tremen/vector/hashes.json"));
    let keys = json(vector!("tremen/test-keys.json"));
    let document = canonical_form(&unsigned, &contexts).unwrap();
    assert_eq!(document, vector!("tremen/vector/canonical-document.nq"));
    assert_eq!(hashes["document"], hex(&sha256(document.as_bytes())));

    let port = &keys["keys"]["port"];
    let key = SigningKey::from_seed(port["id"].as_str().unwrap(), &seed(port["seedHex"].as_str().unwrap()));
    assert_eq!(port["publicKeyMultibase"], key.public_multikey());
    let at = dates::parse("2026-03-02T17:31:00Z").unwrap();
    let proof = sign(&unsigned, &key, &contexts, at).unwrap();
    assert_eq!(proof["proofValue"], hashes["proofValue"]);
    let mut config = proof.clone();
    config.remove("proofValue");
    config.insert("@context".to_owned(), unsigned["@context"].clone());
    let config = canonical_form(&Value::Object(config), &contexts).unwrap();
    assert_eq!(config, vector!("tremen/vector/canonical-proof-config.nq"));
    assert_eq!(hashes["proofConfig"], hex(&sha256(config.as_bytes())));
    let proof = Value::Object(proof);
    assert_eq!(hashes["signedBytes"], hex(&signed_bytes(&unsigned, &proof, &contexts).unwrap()));
    let public = PublicKey::from_multikey(&key.public_multikey()).unwrap();
    assert!(verify(&unsigned, &proof, &public, &contexts).unwrap());
}

#[test]
fn the_w3c_vectors_of_eddsa_rdfc_2022_come_out_byte_for_byte() {
    let contexts = Contexts::pinned();
    let unsigned = json(vector!("w3c-eddsa/unsigned.json"));
    let signed = json(vector!("w3c-eddsa/signedDataInt.json"));
    let config = json(vector!("w3c-eddsa/proofConfigDataInt.json"));
    let document = canonical_form(&unsigned, &contexts).unwrap();
    assert_eq!(document, vector!("w3c-eddsa/canonDocDataInt.txt"));
    assert_eq!(hex(&sha256(document.as_bytes())), vector!("w3c-eddsa/docHashDataInt.txt").trim());
    let config = canonical_form(&config, &contexts).unwrap();
    assert_eq!(config, vector!("w3c-eddsa/proofCanonDataInt.txt"));
    assert_eq!(hex(&sha256(config.as_bytes())), vector!("w3c-eddsa/proofHashDataInt.txt").trim());
    let bytes = signed_bytes(&signed, &signed["proof"], &contexts).unwrap();
    assert_eq!(hex(&bytes), vector!("w3c-eddsa/combinedHashDataInt.txt").trim());
    let pair = json(vector!("w3c-eddsa/keyPair.json"));
    let secret = tremen_badges::multibase::decode(pair["privateKeyMultibase"].as_str().unwrap()).unwrap();
    let key = SigningKey::from_seed("did:key:x#x", secret[2..].try_into().unwrap());
    let signature = key.sign(&bytes);
    assert_eq!(hex(&signature), vector!("w3c-eddsa/sigHexDataInt.txt").trim());
    let written = tremen_badges::multibase::encode(&signature);
    assert_eq!(written, vector!("w3c-eddsa/sigBTC58DataInt.txt").trim());
    assert_eq!(signed["proof"]["proofValue"], written);
    let public = PublicKey::from_multikey(pair["publicKeyMultibase"].as_str().unwrap()).unwrap();
    assert!(verify(&signed, &signed["proof"], &public, &contexts).unwrap());
}

#[test]
fn what_no_context_defines_is_never_signed() {
    let contexts = Contexts::pinned();
    let key = SigningKey::from_seed("did:key:x#x", &[7; 32]);
    let at = dates::parse("2026-03-02T17:31:00Z").unwrap();
    let good = json(vector!("tremen/vector/unsigned.json"));
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut document = good.clone();
        change(&mut document);
        sign(&document, &key, &contexts, at).unwrap_err().to_string()
    };
    let undefined = "no context defines the term `rightsOnMachine`";
    assert_eq!(refused(&|d| d["rightsOnMachine"] = "all".into()), undefined);
    assert_eq!(refused(&|d| d["credentialSubject"]["achievement"]["rightsOnMachine"] = Value::Null), undefined);
    // A term of another type has no meaning here.
    assert!(refused(&|d| d["salt"] = "x".into()).contains("`salt`"));
    assert!(refused(&|d| d["type"] = "Marvel".into()).contains("`Marvel`"));
    assert!(refused(&|d| d["id"] = "badges/1".into()).contains("not an absolute reference"));
    assert!(refused(&|d| d["issuer"]["id"] = "port".into()).contains("not an absolute reference"));
    assert!(refused(&|d| d["@context"][1] = "https://example.org/v1".into()).contains("not one that Tremen knows"));
    assert!(refused(&|d| d["@context"][1] = serde_json::json!({"salt": "https://example.org/"})).contains("inside"));
    for keyword in ["@graph", "@included", "@reverse", "@index", "@nest", "@strange"] {
        assert!(refused(&|d| d["credentialSubject"][keyword] = serde_json::json!([])).contains(keyword));
    }
}
