// The usual authorizer in Node: the key by its hash, its plan, and its use counted by one
// conditional update. The AWS SDK v3 as its guide says (its client keeps connections), bundled and
// minified by esbuild as AWS SAM does. The client is made once, and a read at start opens its
// connection.

import { createHash } from "node:crypto";
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";

const TableName = process.env.TABLE_NAME;
const client = new DynamoDBClient({});

const get = async (pk) =>
  (await client.send(new GetItemCommand({ TableName, Key: { pk: { S: pk } } }))).Item;

// Whether the use was counted: it is not where the quota is used up.
const count = async (pk, quota) => {
  try {
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key: { pk: { S: pk } },
        UpdateExpression: "ADD used :one",
        ConditionExpression: "attribute_not_exists(used) OR used < :quota",
        ExpressionAttributeValues: { ":one": { N: "1" }, ":quota": { N: quota } },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
};

const admits = async (value) => {
  const hash = createHash("sha256").update(value).digest("hex");
  const key = await get(`key#${hash}`);
  if (!key?.enabled.BOOL) return false;
  const plan = await get(`plan#${key.plan.S}`);
  if (!plan) return false;
  const month = new Date().toISOString().slice(0, 7);
  return count(`use#${hash}#${month}`, plan.quota.N);
};

export const start = () => get("warm");

export const handler = async (event) => {
  const value = event.headers["x-api-key"];
  const admitted = value !== undefined && (await admits(value));
  return {
    principalId: "caller",
    policyDocument: {
      Version: "2012-10-17",
      Statement: [
        {
          Action: "execute-api:Invoke",
          Effect: admitted ? "Allow" : "Deny",
          Resource: event.routeArn,
        },
      ],
    },
  };
};
