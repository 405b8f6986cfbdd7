import com.google.gson.JsonParser;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tensorflow.serving.Prediction.*;
import tensorflow.serving.PredictionServiceGrpc;

/** Calls a model over gRPC: mvn -q compile exec:java -Dexec.args="localhost:8500 digits samples.json" */
public class Predict {
  public static void main(String[] args) throws Exception {
    var text = Files.readString(Path.of(args[2]));
    var pixels = JsonParser.parseString(text).getAsJsonArray().get(0).getAsJsonObject().getAsJsonArray("image");
    var shape = TensorShapeProto.newBuilder().addDim(size(1)).addDim(size(pixels.size()));
    var image = TensorProto.newBuilder().setDtype(DataType.DT_FLOAT).setTensorShape(shape);
    pixels.forEach(pixel -> image.addFloatVal(pixel.getAsFloat()));
    var request = PredictRequest.newBuilder().setModelSpec(ModelSpec.newBuilder().setName(args[1]))
        .putInputs("image", image.build()).build();
    var channel = Grpc.newChannelBuilder(args[0], InsecureChannelCredentials.create()).build();
    try {
      var service = PredictionServiceGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS);
      List<Float> probabilities = service.predict(request).getOutputsOrThrow("probabilities").getFloatValList();
      System.out.println(probabilities.indexOf(java.util.Collections.max(probabilities)));
    } catch (StatusRuntimeException error) {
      System.err.println(error.getStatus());
      System.exit(1);
    } finally {
      channel.shutdownNow();
    }
  }

  static TensorShapeProto.Dim.Builder size(int size) { return TensorShapeProto.Dim.newBuilder().setSize(size); }
}
