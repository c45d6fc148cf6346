using System.Net;
using System.Text;
using RaftStream.Client;
using RaftStream.Client.Protocol;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.ClientPort;

/// <summary>What all connections of the client port are judged by. One a node.</summary>
internal sealed record ClientRules(ClientLimits Limits, RequestRates Rates, ClientMeters Meters)
{
    /// <summary>What the port's refusals are counted under.</summary>
    public static string Port => ClientFacingPort.Client.Name;
}

/// <summary>Who is at the other end of a connection of the client port, and what it may do. Any thread; lives as long as the connection.</summary>
internal sealed class ClientCaller(ClientRules rules, ConnectionIdentity identity, string? token, IPAddress? remote)
{
    private readonly byte[]? _token = token is null ? null : Encoding.UTF8.GetBytes(token);

    /// <summary>The rules.</summary>
    public ClientRules Rules => rules;

    /// <summary>Who it is at this moment; null where nobody knows, or knows any more.</summary>
    public Principal? Principal => _token is null ? identity.OfConnection() : identity.Of(_token);

    /// <summary>What is wrong with whoever greets; none if it may ask for something.</summary>
    public ClientRefusal RefuseGreeting()
    {
        var refusal = Principal switch
        {
            null => ClientRefusal.Unauthenticated,
            { Role: AccessRole.None } => ClientRefusal.Forbidden,
            _ => ClientRefusal.None,
        };
        if (refusal != ClientRefusal.None)
            rules.Meters.Refused(ClientRules.Port, ReasonOf(refusal));
        return refusal;
    }

    /// <summary>The refusal of a request that it has no right to at this moment, whatever else is wrong with it; null where it has.</summary>
    public AnswerMessage? RefuseRight(in RequestMessage request) => RefuseRight(request, Principal);

    /// <summary>The refusal of a request that it may not ask for; null where it may.</summary>
    public AnswerMessage? Refuse(in RequestMessage request)
    {
        var principal = Principal;
        if (RefuseRight(request, principal) is { } refusal)
            return refusal;
        if (IsKeyTooLong(request))
            return Refused(request, ClientRefusal.TooLarge, RefusalReasons.Key, $"A key of the request has more than the {rules.Limits.MaxKeyBytes} bytes that this node takes (--max-key-bytes); nothing was done.");

        // A status is the client's own probe of the node, which nobody asked for.
        return request.Kind == RequestKind.Status || rules.Rates.TryTake(principal!, remote, out _)
            ? null
            : Refused(request, ClientRefusal.RateLimited, RefusalReasons.Rate, "The client has asked this node as often in a second as it may; nothing was done, try again in a moment.");
    }

    private AnswerMessage? RefuseRight(in RequestMessage request, Principal? principal)
    {
        if (principal is null)
            return Refused(request, ClientRefusal.Unauthenticated, RefusalReasons.Unauthenticated, "The token or certificate of the connection is not good any more; nothing was done, connect with another one.");
        return principal.May(RoleFor(request.Kind)) ? null : Refused(request, ClientRefusal.Forbidden, RefusalReasons.Forbidden, Http.Problems.Forbidden(principal, RoleFor(request.Kind)).Value!.Detail);
    }

    private AnswerMessage Refused(in RequestMessage request, ClientRefusal refusal, string reason, string sentence)
    {
        rules.Meters.Refused(ClientRules.Port, reason);
        return AnswerMessage.Refused(request.Id, ClientOutcome.Rejected, refusal, sentence);
    }

    private bool IsKeyTooLong(in RequestMessage request)
    {
        var most = rules.Limits.MaxKeyBytes;
        if (most == RequestMessage.MaxKeyBytes)
            return false;
        return Encoding.UTF8.GetByteCount(request.Key) > most
            || request.Keys.Any(key => Encoding.UTF8.GetByteCount(key) > most)
            || (request.Watch is { } watch && Encoding.UTF8.GetByteCount(watch.Text) > most);
    }

    private static string ReasonOf(ClientRefusal refusal) => refusal == ClientRefusal.Forbidden ? RefusalReasons.Forbidden : RefusalReasons.Unauthenticated;

    private static AccessRole RoleFor(RequestKind kind) => kind switch
    {
        RequestKind.Get or RequestKind.GetMany or RequestKind.RangeSum or RequestKind.Top or RequestKind.Watch or RequestKind.Subscribe or RequestKind.Confirm or RequestKind.Status => AccessRole.Read,
        _ => AccessRole.Write,
    };
}
