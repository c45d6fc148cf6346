using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>Says of an endpoint what whoever asks must be; each has one.</summary>
internal sealed record NeededRole(AccessRole Role);

/// <summary>
/// Judges who asks before an endpoint runs: by the token of its Authorization header, else by its connection, or by the account of the node that passes it on.
/// </summary>
internal static class AccessGuard
{
    private const string Scheme = "Bearer ";
    private const string Challenge = "Bearer realm=\"raftstream\"";

    /// <summary>Says what an endpoint needs; <see cref="AccessRole.None"/> for one that is open to everybody.</summary>
    public static IEndpointConventionBuilder Needs(this IEndpointConventionBuilder endpoint, AccessRole role) => endpoint.WithMetadata(new NeededRole(role));

    /// <summary>Puts the judgement in front of an endpoint.</summary>
    /// <exception cref="InvalidOperationException">It does not say what it needs.</exception>
    public static void Guard(EndpointBuilder endpoint)
    {
        if (endpoint.RequestDelegate is not { } serve)
            return;
        var needed = endpoint.Metadata.OfType<NeededRole>().LastOrDefault() ?? throw new InvalidOperationException($"The endpoint {endpoint.DisplayName} does not say who may ask it.");
        if (needed.Role == AccessRole.None)
            return;
        endpoint.RequestDelegate = context => Judge(context, needed.Role) is { } problem ? problem.ExecuteAsync(context) : serve(context);
    }

    /// <summary>Who asks, by what the guard found; null in front of endpoints that are open to everybody.</summary>
    public static Principal? PrincipalOf(HttpContext context) => context.Features.Get<Caller>()?.Principal;

    /// <summary>Goes on judging who was let in while it is served, and cancels <paramref name="end"/> when it would not be let in any more. It costs nothing of the client's rate. Owned by the caller.</summary>
    public static OngoingRight<JsonHttpResult<ProblemJson>> Follow(HttpContext context, AccessRole needed, CancellationTokenSource end)
    {
        // All that is looked at later is taken from the request now: that is not for two threads.
        var services = context.RequestServices;
        var (shown, meters) = (Shown.By(context, PrincipalOf(context)), services.GetRequiredService<ClientMeters>());
        return new(
            () =>
            {
                var principal = shown.Principal;
                if (principal?.May(needed) == true)
                    return null;
                meters.Refused(ClientFacingPort.Http.Name, principal is null ? RefusalReasons.Unauthenticated : RefusalReasons.Forbidden);
                return Problems.Lapsed(principal, needed);
            },
            services.GetRequiredService<TimeProvider>(),
            end);
    }

    private static JsonHttpResult<ProblemJson>? Judge(HttpContext context, AccessRole needed)
    {
        var services = context.RequestServices;
        var vouched = context.Features.Get<NodeVouch>() is { } vouch ? services.GetRequiredService<NodeSecret>().Believe(vouch.Text, vouch.Request) : null;
        if (Shown.By(context, vouched).Principal is not { } principal)
        {
            services.GetRequiredService<ClientMeters>().Refused(ClientFacingPort.Http.Name, RefusalReasons.Unauthenticated);
            context.Response.Headers.WWWAuthenticate = Challenge;
            return Problems.Unauthenticated();
        }

        if (!principal.May(needed))
        {
            services.GetRequiredService<ClientMeters>().Refused(ClientFacingPort.Http.Name, RefusalReasons.Forbidden);
            return Problems.Forbidden(principal, needed);
        }

        // What a node vouches for was counted there already.
        if (vouched is null && !services.GetRequiredService<RequestRates>().TryTake(principal, context.Connection.RemoteIpAddress, out var retryAfter))
        {
            services.GetRequiredService<ClientMeters>().Refused(ClientFacingPort.Http.Name, RefusalReasons.Rate);
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return Problems.RateLimited();
        }

        context.Features.Set(new Caller(principal));
        return null;
    }

    private sealed record Caller(Principal Principal);

    /// <summary>What a request shows of who asks. A token goes before the word of a node that passed it on: whoever holds it is judged by what this node knows of it.</summary>
    private readonly record struct Shown(AccessControl Access, StringValues Header, ConnectionIdentity? Identity, X509Certificate2? Certificate, bool IsForwarded, Principal? Vouched)
    {
        /// <summary>Who that is at this moment; null where nobody knows.</summary>
        public Principal? Principal
        {
            get
            {
                if (Access.IsOpen)
                    return Security.Principal.Anyone;
                if (Header.Count == 0)
                    return IsForwarded ? Vouched : Identity is null ? Access.OfCertificate(Certificate) : Identity.OfConnection();
                if (Header is not [{ } header] || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length - Scheme.Length > AccessToken.MaxBytes)
                    return null;
                Span<byte> token = stackalloc byte[Encoding.UTF8.GetMaxByteCount(AccessToken.MaxBytes)];
                token = token[..Encoding.UTF8.GetBytes(header.AsSpan(Scheme.Length), token)];
                return Identity is null ? Access.Authenticate(token) : Identity.Of(token);
            }
        }

        /// <summary>What this one shows, passed on by a node that is believed to speak for <paramref name="vouched"/>, if it was.</summary>
        public static Shown By(HttpContext context, Principal? vouched)
        {
            var (header, isForwarded) = (context.Request.Headers.Authorization, context.Features.Get<NodeVouch>() is not null);

            // There is none on ports of a program's own.
            var identity = context.Features.Get<ConnectionIdentity>();
            var certificate = header.Count == 0 && !isForwarded && identity is null ? context.Connection.ClientCertificate : null;
            return new(context.RequestServices.GetRequiredService<AccessControl>(), header, identity, certificate, isForwarded, vouched);
        }
    }
}
