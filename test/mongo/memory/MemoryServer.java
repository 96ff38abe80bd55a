import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerError;
import de.bwaldvogel.mongo.exception.MongoServerException;
import de.bwaldvogel.mongo.wire.bson.BsonEncoder;
import de.bwaldvogel.mongo.wire.message.MongoMessage;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A MongoDB-compatible server in memory for the tests, where FerretDB differs from MongoDB: a filter and
 * its effect are one step, $expr compares whole documents, every type of BSON is held, and writes are
 * repeated as a replica set's primary repeats them. Prints its URL, and ends when its standard input does.
 *
 *     MemoryServer [--standalone]
 *
 * By default it says that it is the primary, and only member, of a replica set.
 */
public final class MemoryServer extends MemoryBackend {
    private static final String SET_NAME = "rs0";
    private static final int REMEMBERED_WRITES = 10000;

    /** MongoDB 4.4, the oldest that orgd works with. */
    private static final class Oldest implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(4, 4, 0);
        }

        @Override
        public int getWireVersion() {
            return 9;
        }

        @Override
        public String toVersionString() {
            return "4.4.0";
        }
    }

    /** Answers of retryable writes, by session and number; the eldest is forgotten. */
    private final Map<List<Object>, Document> answers = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<List<Object>, Document> eldest) {
            return size() > REMEMBERED_WRITES;
        }
    };

    private String address; // of a replica set's member; null: standalone

    private MemoryServer() {
        version(new Oldest());
    }

    /** One command at a time, so that each is one step, whatever it is made of. */
    @Override
    public synchronized Document handleMessage(MongoMessage message) {
        Document command = message.getDocument();
        String name = command.keySet().iterator().next();

        if (name.equals("hello")) {
            return hello(super.handleMessage(renamed(message, "isMaster")));
        }
        if (name.equalsIgnoreCase("ismaster")) {
            return hello(super.handleMessage(message));
        }
        if (!command.containsKey("txnNumber")) {
            return answer(message);
        }
        return answers.computeIfAbsent(
                List.of(command.get("lsid"), command.get("txnNumber")), write -> answer(message));
    }

    /** What comes in the protocol's older form: a driver's first word on a connection. */
    @Override
    public synchronized Document handleCommand(Channel channel, String database, String name, Document query) {
        Document answer = super.handleCommand(channel, database, name, query);

        return name.equalsIgnoreCase("ismaster") ? hello(answer) : answer;
    }

    /** The same command under another name, which the server below knows. */
    private static MongoMessage renamed(MongoMessage message, String name) {
        Document command = new Document(name, 1);

        message.getDocument().forEach(command::putIfAbsent);
        return with(message, command);
    }

    private Document hello(Document hello) {
        hello.append("isWritablePrimary", true);
        if (address != null) {
            hello.append("setName", SET_NAME).append("setVersion", 1).append("secondary", false);
            hello.append("hosts", List.of(address)).append("me", address);
            hello.append("primary", address).append("logicalSessionTimeoutMinutes", 30);
        }
        return hello;
    }

    /** With MongoDB's codes for what the server below says in words only. */
    private Document answer(MongoMessage message) {
        try {
            return super.handleMessage(message);
        } catch (UnsupportedOperationException error) {
            return super.handleMessage(compared(message));
        } catch (MongoServerError error) {
            throw error;
        } catch (MongoServerException error) {
            if (error.getMessage().matches("ns not found|source namespace does not exist")) {
                throw new MongoServerError(26, "NamespaceNotFound", error.getMessage());
            }
            throw error;
        }
    }

    /**
     * The same update or delete, with its {_id, $expr: {$eq: ["$$ROOT", {$literal: document}]}} decided
     * here: the server below has no order for regular expressions, and so can't say that two are one.
     */
    private MongoMessage compared(MongoMessage message) {
        Document command = message.getDocument().cloneDeeply();
        String name = command.keySet().iterator().next();

        for (Object each : (List<?>) command.get(name + "s")) {
            Document filter = (Document) ((Document) each).get("q");
            Document comparison = (Document) filter.remove("$expr");
            Document literal = (Document) ((List<?>) comparison.get("$eq")).get(1);
            Document find = new Document("find", command.get(name)).append("filter", filter.clone());
            Document found = super.handleMessage(with(message, find.append("$db", command.get("$db"))));
            List<?> documents = (List<?>) ((Document) found.get("cursor")).get("firstBatch");
            ByteBuf expected = encoded((Document) literal.get("$literal"));

            if (documents.isEmpty() || !encoded((Document) documents.get(0)).equals(expected)) {
                filter.append("$nor", List.of(new Document())); // nothing
            }
        }
        return with(message, command);
    }

    private static ByteBuf encoded(Document document) {
        ByteBuf bytes = Unpooled.buffer();

        BsonEncoder.encodeDocument(document, bytes);
        return bytes;
    }

    private static MongoMessage with(MongoMessage message, Document command) {
        return new MongoMessage(message.getChannel(), message.getHeader(), command);
    }

    public static void main(String[] words) throws Exception {
        MemoryServer backend = new MemoryServer();
        MongoServer server = new MongoServer(backend);
        String url = server.bindAndGetConnectionString();

        if (!List.of(words).contains("--standalone")) {
            backend.address = url.substring("mongodb://".length());
        }
        System.out.println(url);
        System.out.flush();
        while (System.in.read() >= 0) {
            // What is written to it means nothing; only its end does.
        }
        server.shutdownNow();
        System.exit(0);
    }
}
