package datameesh;

import static com.google.inject.multibindings.OptionalBinder.newOptionalBinder;
import static io.airlift.jaxrs.JaxrsBinder.jaxrsBinder;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import com.google.inject.Inject;
import com.google.inject.Module;
import io.airlift.discovery.client.ServiceSelectorManager;
import io.airlift.discovery.server.DynamicStore;
import io.airlift.discovery.server.Service;
import io.airlift.log.Logger;
import io.trino.metadata.InternalNodeManager;
import io.trino.server.PluginClassLoader;
import io.trino.server.PluginManager.PluginsProvider;
import io.trino.server.Server;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
            jaxrsBinder(binder).bind(RefusedSignIns.class);
        });
    }

    private static PluginsProvider classPath() {
        ClassLoader server = OneLoaderServer.class.getClassLoader();
        // The empty prefix makes every class one of the server's.
        return (loader, factory) ->
                loader.load("class path", () -> new PluginClassLoader("class-path", List.of(), server, List.of("")));
    }

    /**
     * Looks at the announced nodes four times a second. Trino does so every five seconds, and asks its own announcement store
     * only every ten: until then it answers "No nodes available" although everything is there. Both are maps in memory; the
     * store is asked again only when its content has changed, for each such request repeats itself every ten seconds.
     */
    static final class NodeWatch {
        private final InternalNodeManager nodes;
        private final ServiceSelectorManager announcements;
        private Optional<DynamicStore> store = Optional.empty();
        private Set<Service> seen = Set.of();

        @Inject
        NodeWatch(InternalNodeManager nodes, ServiceSelectorManager announcements) {
            this.nodes = nodes;
            this.announcements = announcements;
            var thread = Thread.ofPlatform().daemon().name("node-watch").factory();
            Executors.newSingleThreadScheduledExecutor(thread).scheduleWithFixedDelay(this::look, 250, 250, MILLISECONDS);
        }

        /** Only a coordinator has one. */
        @Inject(optional = true)
        void setStore(DynamicStore store) {
            this.store = Optional.of(store);
        }

        private void look() {
            try {
                Set<Service> announced = store.map(DynamicStore::getAll).orElse(seen);
                if (!announced.equals(seen)) {
                    announcements.attemptRefresh();
                    seen = announced;
                }
                nodes.refreshNodes();
            } catch (RuntimeException e) {
                // Scheduled work that throws is never run again; the next look is in a quarter of a second.
                Logger.get(NodeWatch.class).debug(e, "looking at the nodes");
            }
        }
    }
}
