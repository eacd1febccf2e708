// The reference library's own figures, for benches/badge: how long Digital Bazaar's verifiable credentials take.
//
//   node bench.mjs UNSIGNED.json ROUNDS     prints {"sign": [nanoseconds ...], "verify": [...], "list": [...], "read": [...]}
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as vc from '@digitalbazaar/vc';
import * as bsl from '@digitalbazaar/vc-bitstring-status-list';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';

const [file, rounds] = process.argv.slice(2);
const contexts = join(dirname(fileURLToPath(import.meta.url)), '..', 'contexts');
const known = new Map();
for (const [url, {file}] of Object.entries(JSON.parse(readFileSync(join(contexts, 'index.json'), 'utf8'))))
  known.set(url, JSON.parse(readFileSync(join(contexts, file), 'utf8')));
const credential = JSON.parse(readFileSync(file, 'utf8'));
const issuer = credential.issuer.id, id = `${issuer}#cle-2026`;
const key = await Ed25519Multikey.generate({id, controller: issuer, seed: new Uint8Array(32).fill(7)});
const method = await key.export({publicKey: true, includeContext: true});
known.set(id, method);
known.set(issuer, {'@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'], id: issuer, verificationMethod: [method], assertionMethod: [id]});
const documentLoader = async url => {
  if (!known.has(url)) throw new Error(`not known: ${url}`);
  return {contextUrl: null, documentUrl: url, document: known.get(url)};
};
const now = new Date('2026-12-01T00:00:00Z'), checkStatus = async () => ({verified: true});
const sign = () => vc.issue({credential: structuredClone(credential), suite: new DataIntegrityProof({signer: key.signer(), cryptosuite, date: now}), documentLoader});
const signed = await sign();
const verify = async () => {
  const told = await vc.verifyCredential({credential: signed, suite: new DataIntegrityProof({cryptosuite}), documentLoader, checkStatus, now});
  if (!told.verified) throw told.error;
};
const made = async () => {
  const list = await bsl.createList({length: 131072});
  for (let place = 0; place < 131072; place += 997) list.setStatus(place, true);
  return list.encode();
};
const encodedList = await made();
const read = async () => { if (!(await bsl.decodeList({encodedList})).getStatus(997)) throw new Error('lost'); };
const figures = {};
for (const [name, call] of Object.entries({sign, verify, list: made, read})) {
  figures[name] = [];
  for (let round = -20; round < Number(rounds); round++) {           // the first twenty warm up
    const begun = process.hrtime.bigint();
    await call();
    if (round >= 0) figures[name].push(Number(process.hrtime.bigint() - begun));
  }
}
console.log(JSON.stringify(figures));
