// Lets libraries of other makes issue badges in the forms that Tremen itself never writes: tokens with and without the claim
// `vc`, status lists as tokens and by the draft of 2021, endorsements as tokens.
//
//   node make_others.mjs OUT CONTEXTS
//
// Below OUT: `badges`, what their addresses answer as OUT/HOST/PATH.json, and expected.json with the verdict for each badge:
// "valid", or the reason of the refusal. `crates/badges/tests/vectors/others` is a copy of one run.
import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createHash, createPrivateKey, generateKeyPairSync} from 'node:crypto';
import {dirname, join} from 'node:path';
import * as bits from '@digitalbazaar/vc-bitstring-status-list';
import * as bits2021 from '@digitalbazaar/vc-status-list';
import * as vc from '@digitalbazaar/vc';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite as eddsaRdfc2022} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {Ed25519Signature2020} from '@digitalbazaar/ed25519-signature-2020';
import {ES256Signer, EdDSASigner} from 'did-jwt';
import {createVerifiableCredentialJwt} from 'did-jwt-vc';
import {SignJWT, UnsecuredJWT} from 'jose';

const [out, contextFolder] = process.argv.slice(2);
if (!out || !contextFolder) { console.error('usage: node make_others.mjs OUT CONTEXTS'); process.exit(2); }
rmSync(out, {recursive: true, force: true});
const write = (path, content) => {
  mkdirSync(dirname(join(out, path)), {recursive: true});
  writeFileSync(join(out, path), typeof content === 'string' ? content : JSON.stringify(content, null, 1) + '\n');
};
const expected = {};
const keep = (name, content, verdict) => { write(`badges/${name}`, content); expected[name] = verdict; };

const V1 = 'https://www.w3.org/2018/credentials/v1', V2 = 'https://www.w3.org/ns/credentials/v2';
const OB = 'https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json', LIST_2021 = 'https://w3id.org/vc/status-list/2021/v1';
const ED_2020 = 'https://w3id.org/security/suites/ed25519-2020/v1';
const index = JSON.parse(readFileSync(join(contextFolder, 'index.json'), 'utf8'));

// ---------------------------------------------------------------- issuers
// Keys of tests: each from a seed or made anew, nobody's.
const seed = name => createHash('sha256').update(`tremen test key ${name}`).digest();
const edPrivate = name => createPrivateKey({format: 'der', type: 'pkcs8',
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed(name)])});
const publicJwk = key => { const {kty, crv, x, y, n, e} = key.export({format: 'jwk'}); return JSON.parse(JSON.stringify({kty, crv, x, y, n, e})); };
const ed = edPrivate('maker');
const ec = generateKeyPairSync('ec', {namedCurve: 'P-256'}).privateKey;
const rsa = generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey;
const unlisted = edPrivate('stranger');

const maker = 'did:web:maker.example:fab', page = 'https://workshop.example/issuer';
const listing = id => ({'@context': ['https://www.w3.org/ns/did/v1'], id,
  verificationMethod: [['ed', ed], ['ec', ec], ['rsa', rsa]].map(([name, key]) =>
    ({id: `${id}#${name}`, type: 'JsonWebKey2020', controller: id, publicKeyJwk: publicJwk(key)})),
  assertionMethod: ['ed', 'ec', 'rsa'].map(name => `${id}#${name}`)});
write('maker.example/fab/did.json', listing(maker));
write('workshop.example/issuer.json', listing(page));
const multikey = await Ed25519Multikey.generate({seed: seed('bazaar')});
const bazaar = `did:key:${multikey.publicKeyMultibase}`;
multikey.id = `${bazaar}#${multikey.publicKeyMultibase}`;
multikey.controller = bazaar;

// ---------------------------------------------------------------- documents
const award = (issuer, version = V2, more = {}) => ({
  '@context': [version, OB], id: `https://badges.example/${++awards}`, type: ['VerifiableCredential', 'OpenBadgeCredential'],
  name: 'Laser cutter', issuer: {id: issuer, type: ['Profile'], name: 'Made by others'},
  ...(version === V1 ? {issuanceDate: '2026-03-02T17:30:00Z'} : {validFrom: '2026-03-02T17:30:00Z'}),
  credentialSubject: {id: 'did:web:ada.example', type: ['AchievementSubject'], achievement: {
    id: 'https://badges.example/class', type: ['Achievement'], name: 'Laser cutter', description: 'Cuts alone.', criteria: {narrative: 'Shown.'}}},
  ...more});
let awards = 0;
const entry2021 = (list, at) => ({id: `${list}#${at}`, type: 'StatusList2021Entry', statusPurpose: 'revocation', statusListIndex: String(at), statusListCredential: list});
const entry = (list, at, statusPurpose = 'revocation') => ({id: `${list}#${at}`, type: 'BitstringStatusListEntry', statusPurpose, statusListIndex: String(at), statusListCredential: list});

// ---------------------------------------------------------------- did-jwt-vc: the claim `vc`
const raw = key => Buffer.from(key.export({format: 'jwk'}).d, 'base64url');
const makers = {
  eddsa: {did: maker, alg: 'EdDSA', kid: `${maker}#ed`, signer: EdDSASigner(new Uint8Array(seed('maker')))},
  es256: {did: maker, alg: 'ES256', kid: `${maker}#ec`, signer: ES256Signer(raw(ec))},
};
const byMaker = (document, by = makers.eddsa) => createVerifiableCredentialJwt(document, by, {header: {alg: by.alg, kid: by.kid}});
keep('did-jwt-vc-eddsa.jwt', await byMaker(award(maker, V1, {expirationDate: '2028-03-02T17:30:00Z'})), 'valid');
keep('did-jwt-vc-es256.jwt', await byMaker(award(maker, V1), makers.es256), 'valid');
keep('did-jwt-vc-expired.jwt', await byMaker(award(maker, V1, {expirationDate: '2026-06-01T00:00:00Z'})), 'expired');
const list2021 = await bits2021.createList({length: 131072});
list2021.setStatus(94567, true);
const makersList = 'https://maker.example/list';
const unsigned2021 = await bits2021.createCredential({id: makersList, list: list2021, statusPurpose: 'revocation'});
write('maker.example/list.json', await byMaker({...unsigned2021, issuer: maker, issuanceDate: '2026-03-02T00:00:00Z'}));
const listed = at => byMaker({...award(maker, V1), '@context': [V1, OB, LIST_2021], credentialStatus: entry2021(makersList, at)});
keep('did-jwt-vc-on-a-list-of-2021.jwt', await listed(94566), 'valid');
keep('did-jwt-vc-revoked-on-a-list-of-2021.jwt', await listed(94567), 'revoked');

// ---------------------------------------------------------------- jose: the whole credential
const byPage = (document, alg, key, kid) => new SignJWT({...document, iss: page, sub: document.credentialSubject.id, jti: document.id})
  .setProtectedHeader({alg, kid: kid && `${page}#${kid}`, typ: 'vc+jwt'}).sign(key);
keep('jose-rs256.jwt', await byPage(award(page), 'RS256', rsa, 'rsa'), 'valid');
keep('jose-es256.jwt', await byPage(award(page), 'ES256', ec, 'ec'), 'valid');
keep('jose-eddsa.jwt', await byPage(award(page), 'EdDSA', ed), 'valid');
keep('jose-of-another-key.jwt', await byPage(award(page), 'EdDSA', unlisted, 'ed'), 'bad_signature');
keep('jose-ps256.jwt', await byPage(award(page), 'PS256', rsa, 'rsa'), 'proof_unsupported');
keep('jose-hs256.jwt', await byPage(award(page), 'HS256', rsa.export({format: 'der', type: 'pkcs8'}), 'rsa'), 'proof_unsupported');
keep('jose-none.jwt', new UnsecuredJWT(award(page)).encode(), 'proof_unsupported');
for (const [purpose, reason] of [['revocation', 'revoked'], ['suspension', 'suspended']]) {
  const list = await bits.createList({length: 131072});
  list.setStatus(4, true);
  const id = `https://workshop.example/${purpose}`;
  const document = await bits.createCredential({id, list, statusPurpose: purpose});
  write(`workshop.example/${purpose}.json`, await byPage({...document, issuer: page, validFrom: '2026-03-02T00:00:00Z'}, 'ES256', ec, 'ec'));
  const on = at => byPage(award(page, V2, {credentialStatus: entry(id, at, purpose)}), 'ES256', ec, 'ec');
  keep(`jose-on-a-${purpose}-list.jwt`, await on(5), 'valid');
  keep(`jose-${reason}.jwt`, await on(4), reason);
}

// ---------------------------------------------------------------- Digital Bazaar: a list of 2021 with the proof of its time; tokens inside
const documentLoader = async url => {
  if (!index[url]) throw new Error(`not known: ${url}`);
  return {contextUrl: null, documentUrl: url, document: JSON.parse(readFileSync(join(contextFolder, index[url].file), 'utf8'))};
};
const date = '2026-03-02T17:31:00Z';
const signer = multikey.signer();
const of2020 = () => new Ed25519Signature2020({signer: {...signer, id: multikey.id}, date});
const ofToday = () => new DataIntegrityProof({signer: {...signer, id: multikey.id}, cryptosuite: eddsaRdfc2022, date});
const issue = (credential, suite) => vc.issue({credential, suite, documentLoader, now: new Date(date)});
const bazaarsList = 'https://bazaar.example/list';
write('bazaar.example/list.json', await issue({...await bits2021.createCredential({id: bazaarsList, list: list2021, statusPurpose: 'revocation'}),
  '@context': [V1, LIST_2021, ED_2020], issuer: bazaar, issuanceDate: '2026-03-02T00:00:00Z'}, of2020()));
const of2021 = at => issue({...award(bazaar, V1), '@context': [V1, OB, LIST_2021, ED_2020], credentialStatus: entry2021(bazaarsList, at)}, of2020());
keep('bazaar-on-a-list-of-2021.json', await of2021(7), 'valid');
keep('bazaar-revoked-on-a-list-of-2021.json', await of2021(94567), 'revoked');
const endorsement = (by, target, version = V2) => ({
  '@context': [version, OB], id: `https://badges.example/endorsements/${++awards}`, type: ['VerifiableCredential', 'EndorsementCredential'], name: 'Endorsement',
  issuer: {id: by, type: ['Profile'], name: 'Another'}, ...(version === V1 ? {issuanceDate: '2026-03-02T17:30:00Z'} : {validFrom: '2026-03-02T17:30:00Z'}),
  credentialSubject: {id: target, type: ['EndorsementSubject'], endorsementComment: 'We would take it.'}});
const endorsed = award(bazaar);
endorsed.credentialSubject.achievement.endorsementJwt = [
  await byMaker(endorsement(maker, 'https://badges.example/class', V1)), await byPage(endorsement(page, 'https://badges.example/class'), 'RS256', rsa, 'rsa')];
endorsed.issuer.endorsement = [await issue(endorsement(bazaar, bazaar), ofToday())];
keep('bazaar-endorsed-in-tokens.json', await issue(endorsed, ofToday()), 'valid');

write('expected.json', expected);
console.log(`${Object.keys(expected).length} badges made`);
