// Answers one JSON question a line: a value of an expression, or the errors of a state machine.
const jsonata = require("jsonata");
const validate = require("asl-validator");

async function answer({ expression, variables, definition }) {
  if (definition) return { errors: validate(definition).errors };
  try {
    const value = await jsonata(expression).evaluate(undefined, variables);
    return value === undefined ? {} : { value };
  } catch (error) {
    return { error: `${error.code} ${error.message}` };
  }
}

const lines = require("readline").createInterface({ input: process.stdin });
(async () => {
  for await (const line of lines) console.log(JSON.stringify(await answer(JSON.parse(line))));
})();
