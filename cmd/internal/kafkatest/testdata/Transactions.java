import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes the lines of a file to partition 0 in transactions of ten, every second one aborted. Arguments: broker, topic, file. */
public class Transactions {
  public static void main(String[] args) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", args[0]);
    p.put("transactional.id", args[1]);
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(p, new StringSerializer(), new StringSerializer())) {
      producer.initTransactions();
      int n = 0;
      for (String line : Files.readAllLines(Path.of(args[2]))) {
        if (n % 10 == 0) producer.beginTransaction();
        producer.send(new ProducerRecord<>(args[1], 0, null, line));
        n++;
        if (n % 20 == 10) producer.commitTransaction();
        if (n % 20 == 0) {
          producer.flush(); // an aborted record must have been in the log
          producer.abortTransaction();
        }
      }
    }
  }
}
