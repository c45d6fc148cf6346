using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
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

    private static JsonHttpResult<ProblemJson>? Judge(HttpContext context, AccessRole needed)
    {
        var services = context.RequestServices;
        var vouched = context.Features.Get<NodeVouch>() is { } vouch ? services.GetRequiredService<NodeSecret>().Believe(vouch.Text, vouch.Request) : null;
        if (Identify(context, services, vouched) is not { } principal)
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

    /// <summary>A token goes before the word of a node that passed it on: whoever holds it is judged by what this node knows of it.</summary>
    private static Principal? Identify(HttpContext context, IServiceProvider services, Principal? vouched)
    {
        var access = services.GetRequiredService<AccessControl>();
        if (access.IsOpen)
            return Principal.Anyone;
        var given = context.Request.Headers.Authorization;
        if (given.Count == 0 && context.Features.Get<NodeVouch>() is not null)
            return vouched;

        // There is none on ports of a program's own.
        var identity = context.Features.Get<ConnectionIdentity>();
        if (given.Count == 0)
            return identity is null ? access.OfCertificate(context.Connection.ClientCertificate) : identity.OfConnection();
        if (given is not [{ } header] || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length - Scheme.Length > AccessToken.MaxBytes)
            return null;
        Span<byte> token = stackalloc byte[Encoding.UTF8.GetMaxByteCount(AccessToken.MaxBytes)];
        token = token[..Encoding.UTF8.GetBytes(header.AsSpan(Scheme.Length), token)];
        return identity is null ? access.Authenticate(token) : identity.Of(token);
    }

    private sealed record Caller(Principal Principal);
}
