// The usual authorizer in Go: the key by its hash, its plan, and its use counted by one conditional
// update. aws-sdk-go-v2 as its guide says: config.LoadDefaultConfig, one client made at start, whose
// connection a read at start opens.
//
// The loop at the end stands for github.com/aws/aws-lambda-go, which Debian does not have: net/http
// over a connection that is kept. It does less than AWS's, which is to this row's favour.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type authorizer struct {
	client *dynamodb.Client
	table  *string
}

type event struct {
	Headers  map[string]string `json:"headers"`
	RouteArn string            `json:"routeArn"`
}

type statement struct {
	Action, Effect, Resource string
}

type policyDocument struct {
	Version   string
	Statement []statement
}

type answer struct {
	PrincipalID    string         `json:"principalId"`
	PolicyDocument policyDocument `json:"policyDocument"`
}

type item map[string]types.AttributeValue

func (a *authorizer) key(pk string) item {
	return item{"pk": &types.AttributeValueMemberS{Value: pk}}
}

func (a *authorizer) get(ctx context.Context, pk string) (item, error) {
	got, err := a.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: a.table, Key: a.key(pk)})
	if err != nil {
		return nil, err
	}
	return got.Item, nil
}

// count says whether the use was counted: it is not where the quota is used up.
func (a *authorizer) count(ctx context.Context, pk string, quota types.AttributeValue) (bool, error) {
	_, err := a.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:           a.table,
		Key:                 a.key(pk),
		UpdateExpression:    aws.String("ADD used :one"),
		ConditionExpression: aws.String("attribute_not_exists(used) OR used < :quota"),
		ExpressionAttributeValues: item{
			":one":   &types.AttributeValueMemberN{Value: "1"},
			":quota": quota,
		},
	})
	var usedUp *types.ConditionalCheckFailedException
	if errors.As(err, &usedUp) {
		return false, nil
	}
	return err == nil, err
}

func (a *authorizer) admits(ctx context.Context, value string) (bool, error) {
	digest := sha256.Sum256([]byte(value))
	hash := hex.EncodeToString(digest[:])
	key, err := a.get(ctx, "key#"+hash)
	if err != nil {
		return false, err
	}
	enabled, _ := key["enabled"].(*types.AttributeValueMemberBOOL)
	planID, _ := key["plan"].(*types.AttributeValueMemberS)
	if enabled == nil || !enabled.Value || planID == nil {
		return false, nil
	}
	plan, err := a.get(ctx, "plan#"+planID.Value)
	if err != nil || plan == nil {
		return false, err
	}
	month := time.Now().UTC().Format("2006-01")
	return a.count(ctx, "use#"+hash+"#"+month, plan["quota"])
}

func (a *authorizer) handle(ctx context.Context, call event) (answer, error) {
	value, isThere := call.Headers["x-api-key"]
	admitted := false
	if isThere {
		var err error
		if admitted, err = a.admits(ctx, value); err != nil {
			return answer{}, err
		}
	}
	effect := "Deny"
	if admitted {
		effect = "Allow"
	}
	return answer{
		PrincipalID: "caller",
		PolicyDocument: policyDocument{
			Version:   "2012-10-17",
			Statement: []statement{{"execute-api:Invoke", effect, call.RouteArn}},
		},
	}, nil
}

func main() {
	ctx := context.Background()
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	// This release of the SDK does not know AWS_ENDPOINT_URL_DYNAMODB yet.
	endpoint := dynamodb.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"))
	a := &authorizer{
		client: dynamodb.NewFromConfig(loaded, dynamodb.WithEndpointResolver(endpoint)),
		table:  aws.String(os.Getenv("TABLE_NAME")),
	}
	if _, err := a.get(ctx, "warm"); err != nil {
		log.Fatal(err)
	}
	log.Fatal(serve(ctx, a))
}

const runtime = "/2018-06-01/runtime/invocation/"

func serve(ctx context.Context, a *authorizer) error {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + runtime
	for {
		next, err := http.Get(base + "next")
		if err != nil {
			return err
		}
		var call event
		if err := json.NewDecoder(next.Body).Decode(&call); err != nil {
			return err
		}
		next.Body.Close()
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		path := "/response"
		var told interface{}
		told, err = a.handle(ctx, call)
		if err != nil {
			path = "/error"
			told = map[string]string{"errorType": "Error", "errorMessage": err.Error()}
		}
		body, err := json.Marshal(told)
		if err != nil {
			return err
		}
		posted, err := http.Post(base+id+path, "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, posted.Body); err != nil {
			return err
		}
		posted.Body.Close()
	}
}
