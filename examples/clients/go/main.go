// Calls a model over gRPC: go run . localhost:8500 digits samples.json
package main

import (
	"context"
	"encoding/json"
	pb "example.com/client/serving"
	"fmt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"log"
	"os"
	"slices"
	"time"
)

func main() {
	text, err := os.ReadFile(os.Args[3])
	check(err)
	var samples []struct{ Image []float32 }
	check(json.Unmarshal(text, &samples))
	channel, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	shape := &pb.TensorShapeProto{Dim: []*pb.TensorShapeProto_Dim{{Size: 1}, {Size: int64(len(samples[0].Image))}}}
	image := &pb.TensorProto{Dtype: pb.DataType_DT_FLOAT, TensorShape: shape, FloatVal: samples[0].Image}
	request := &pb.PredictRequest{ModelSpec: &pb.ModelSpec{Name: os.Args[2]}, Inputs: map[string]*pb.TensorProto{"image": image}}
	deadline, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := pb.NewPredictionServiceClient(channel).Predict(deadline, request)
	check(err)
	probabilities := answer.Outputs["probabilities"].FloatVal
	fmt.Println(slices.Index(probabilities, slices.Max(probabilities)))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
