// Stands for AWS's runtime client, which has parts in C++ that are built only on Lambda's own
// systems: asks for an event and posts what the handler returns, over one connection that is
// kept. It does less than AWS's, which is to this row's favour.

import http from "node:http";
import { handler, start } from "./authorizer.mjs";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const ask = (method, path, body) =>
  new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const request = http.request(
      { host, port, agent, method, headers, path: `/2018-06-01/runtime/invocation/${path}` },
      (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () =>
          resolve({ headers: response.headers, body: Buffer.concat(parts).toString() }),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
  });

const run = async () => {
  await start();
  for (;;) {
    const { headers, body } = await ask("GET", "next");
    const id = headers["lambda-runtime-aws-request-id"];
    try {
      const answer = await handler(JSON.parse(body));
      await ask("POST", `${id}/response`, JSON.stringify(answer));
    } catch (error) {
      const told = { errorType: error.name, errorMessage: error.message };
      await ask("POST", `${id}/error`, JSON.stringify(told));
    }
  }
};
run();
