package datameesh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.airlift.log.Logger;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.core.Context;
import java.util.Base64;

/**
 * Writes down who was not let in with a name and a password. Trino itself tells only the client.
 *
 * <p>{@code dm audit access} reads the line. Who shows no password at all is not a person who tried one, and is not told of: clients
 * ask so first, to learn what is wanted.
 */
public final class RefusedSignIns implements ContainerResponseFilter {
    private static final Logger LOG = Logger.get("sign-in");
    private static final String BASIC = "Basic ";
    private static final int LONGEST = 64;

    @Context
    private HttpServletRequest from;

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        String shown = request.getHeaderString("Authorization");
        if (response.getStatus() == 401 && shown != null && shown.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
            LOG.warn(
                    "level=ERROR msg=\"login refused: wrong name or password\" user=\"%s\" address=%s",
                    name(shown.substring(BASIC.length()).trim()), from.getRemoteAddr());
        }
    }

    /** What stands before the colon, in one line: never what stands after it. */
    private static String name(String shown) {
        try {
            String pair = new String(Base64.getDecoder().decode(shown), UTF_8);
            int colon = pair.indexOf(':');
            if (colon < 0) {
                return "?";
            }
            String name = pair.substring(0, Math.min(colon, LONGEST));
            return name.replaceAll("[^\\w.@+ -]", "?");
        } catch (IllegalArgumentException e) {
            return "?";
        }
    }
}
