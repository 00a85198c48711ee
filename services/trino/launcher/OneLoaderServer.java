package datameesh;

import static com.google.inject.multibindings.OptionalBinder.newOptionalBinder;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import com.google.inject.Inject;
import com.google.inject.Module;
import io.trino.metadata.InternalNodeManager;
import io.trino.server.PluginClassLoader;
import io.trino.server.PluginManager.PluginsProvider;
import io.trino.server.Server;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * Trino with its plugins on the class path of the server, where the JVM's AOT cache reaches them.
 *
 * <p>Trino gives each plugin a class loader of its own, and classes of such loaders are never cached: with five catalogs 8,100
 * classes are read, verified and linked at each start, many of them five times. The plugins of one release are built against
 * one set of library versions (build/one-loader checks it), so one loader is enough. {@code getAdditionalModules} and
 * {@code PluginsProvider} are the seam that Trino's own development server uses for the same purpose.
 */
public final class OneLoaderServer extends Server {
    public static void main(String[] args) {
        new OneLoaderServer().start(Server.class.getPackage().getImplementationVersion());
    }

    @Override
    protected Iterable<? extends Module> getAdditionalModules() {
        return List.of(binder -> {
            newOptionalBinder(binder, PluginsProvider.class).setBinding().toInstance(classPath());
            binder.bind(NodeWatch.class).asEagerSingleton();
        });
    }

    private static PluginsProvider classPath() {
        ClassLoader server = OneLoaderServer.class.getClassLoader();
        // The empty prefix makes every class one of the server's.
        return (loader, factory) ->
                loader.load("class path", () -> new PluginClassLoader("class-path", List.of(), server, List.of("")));
    }

    /**
     * Looks at the announced nodes four times a second. Trino does so every five seconds, and until then answers "No nodes
     * available" although everything is there: on a fast start that is half of the wait. It reads a map in memory.
     */
    static final class NodeWatch {
        @Inject
        NodeWatch(InternalNodeManager nodes) {
            var thread = Thread.ofPlatform().daemon().name("node-watch").factory();
            Executors.newSingleThreadScheduledExecutor(thread).scheduleWithFixedDelay(nodes::refreshNodes, 250, 250, MILLISECONDS);
        }
    }
}
