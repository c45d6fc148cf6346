using System.Net;
using System.Text;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Resp;

/// <summary>What all connections of the port are judged by. One a node.</summary>
internal sealed record RespRules(ClientLimits Limits, RequestRates Rates, ClientMeters Meters)
{
    /// <summary>Counts a refusal.</summary>
    public void Refused(string reason) => Meters.Refused(ClientFacingPort.Resp.Name, reason);

    /// <summary>Counts commands that wait since as many of their connection are worked at as may be.</summary>
    public void Waited() => Meters.Waited(ClientFacingPort.Resp.Name);
}

/// <summary>Who is at the other end of a connection, and what it may do. One a connection, used by one thread at a time.</summary>
internal sealed class RespCaller(RespRules rules, ConnectionIdentity identity, IPAddress? remote)
{
    private byte[]? _token;

    /// <summary>Who it is; null while that is not known.</summary>
    public Principal? Principal { get; private set; } = identity.OfConnection();

    /// <summary>The token by which it is known; null where its connection tells.</summary>
    public string? Token => _token is null ? null : Encoding.UTF8.GetString(_token);

    /// <summary>Looks again who it is: a token may have been revoked meanwhile, or a certificate run out. Cheap; done for each round of commands.</summary>
    public void Identify() => Principal = _token is null ? identity.OfConnection() : identity.Of(_token);

    /// <summary>What says later, on any thread, whether it may still do what needs that role, by what it is known by now: null, or why not.</summary>
    public Func<string?> Lapses(AccessRole needed)
    {
        var token = _token;
        return () =>
        {
            var principal = token is null ? identity.OfConnection() : identity.Of(token);
            if (principal?.May(needed) == true)
                return null;
            rules.Refused(principal is null ? RefusalReasons.Unauthenticated : RefusalReasons.Forbidden);
            return Problems.Lapsed(principal, needed).Value!.Detail;
        };
    }

    /// <summary>Takes a token, of whoever holds it or of the one of that name alone; false, and all stays as it was: it is wrong.</summary>
    public bool TryAuthenticate(ReadOnlySpan<byte> token, string? name)
    {
        if (token.Length > AccessToken.MaxBytes || identity.Of(token) is not { } principal || (name is not null && !string.Equals(name, principal.Name, StringComparison.Ordinal)))
        {
            rules.Refused(RefusalReasons.Unauthenticated);
            return false;
        }

        (_token, Principal) = (token.ToArray(), principal);
        return true;
    }

    /// <summary>As it was when it came: nobody, unless the connection itself tells.</summary>
    public void Reset()
    {
        _token = null;
        Identify();
    }

    /// <summary>Why it may not send a command, or not now; null where it may. There is no command where <paramref name="spec"/> is null.</summary>
    public string? Refuse(CommandSpec? spec)
    {
        if (spec is { Role: AccessRole.None })
            return null;
        if (Principal is null)
            return Refused(RefusalReasons.Unauthenticated, RespErrors.NoAuth);
        if (spec is not null && !Principal.May(spec.Role))
            return Refused(RefusalReasons.Forbidden, RespErrors.NoPermission(Principal.Name, spec));
        return rules.Rates.TryTake(Principal, remote, out _) ? null : Refused(RefusalReasons.Rate, RespErrors.RateLimited);
    }

    /// <summary>What is wrong with a key; null where the store and this node take it.</summary>
    public string? WrongKey(ReadOnlySpan<byte> key)
    {
        var wrong = RespErrors.OfKey(key, rules.Limits.MaxKeyBytes);
        if (wrong is not null && key.Length > rules.Limits.MaxKeyBytes)
            rules.Refused(RefusalReasons.Key);
        return wrong;
    }

    /// <summary>The error for a command that is too large to be read whole.</summary>
    public string TooLarge(RespFault fault) => Refused(RefusalReasons.Size, RespErrors.Of(fault));

    private string Refused(string reason, string error)
    {
        rules.Refused(reason);
        return error;
    }
}
