using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>How a node is: for people, probes and load balancers. Answered by every node for itself.</summary>
internal static class StatusEndpoints
{
    /// <summary>A node is ready while it is no further behind what it knows to be committed than this many entries.</summary>
    public const int ReadyWithin = 1_000;

    /// <summary>Adds the endpoints.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/status", context => AnswerAsync(context, handle => Status(handle, context.RequestServices.GetRequiredService<LeaderConnection>()))).Needs(AccessRole.Read);
        routes.MapGet("/healthz", context => AnswerAsync(context, Health)).Needs(AccessRole.None);
        routes.MapGet("/readyz", context => AnswerAsync(context, Ready)).Needs(AccessRole.None);
    }

    /// <summary>A replica's status as it is told to clients.</summary>
    public static StatusJson From(RaftStatus status, Func<NodeId, ClientAddresses?> clientsOf) => new(
        status.Id.Value,
        RoleName(status.Role),
        status.Term.Value,
        status.Leader == NodeId.None ? null : status.Leader.Value,
        clientsOf(status.Leader)?.Http,
        status.IsReady,
        status.Last.Index.Value,
        status.Last.Term.Value,
        status.Commit.Value,
        status.Applied.Value,
        status.StateHash.ToString("x16", CultureInfo.InvariantCulture),
        status.Snapshot.Value,
        status.Syncs,
        GC.GetTotalAllocatedBytes(precise: false),
        status.Fault,
        [.. status.Members.Select(member => From(member, clientsOf))],
        status.MembersIndex.Value,
        status.IsJoint,
        status.TransferTarget == NodeId.None ? null : status.TransferTarget.Value,
        status.IsStorageFull,
        status.Incarnation);

    /// <summary>An outbox as it is told to clients.</summary>
    public static OutboxJson From(OutboxStatus outbox) => new(outbox.Pending, outbox.Bytes, (long?)outbox.OldestAge?.TotalMilliseconds, outbox.Drained, outbox.Lost);

    /// <summary>A member as it is told to clients.</summary>
    public static MemberJson From(MemberStatus member, Func<NodeId, ClientAddresses?> clientsOf) => new(
        member.Id.Value,
        member.Address,
        clientsOf(member.Id)?.Http,
        clientsOf(member.Id)?.Port,
        clientsOf(member.Id)?.Resp,
        member.Role switch
        {
            MemberRole.Voter => "voter",
            MemberRole.Learner => "learner",
            MemberRole.Joining => "joining",
            _ => "leaving",
        },
        member.Priority,
        member.IsHeard,
        member.Match.Value,
        member.BytesBehind < 0 ? null : member.BytesBehind,
        member.BytesPerSecond);

    private static Task AnswerAsync(HttpContext context, Func<NodeHandle, IResult> answer) =>
        answer(context.RequestServices.GetRequiredService<NodeHandle>()).ExecuteAsync(context);

    private static IResult Status(NodeHandle handle, LeaderConnection leaders)
    {
        if (handle.Running is not { } running)
            return Starting();
        return TypedResults.Json(
            From(running.Node.Status, running.AddressesOf) with { Outbox = From(running.Node.Outbox), Traffic = new(running.Node.FramesSent, leaders.PassedOn) }, NodeJson.Default.StatusJson);
    }

    private static IResult Health(NodeHandle handle)
    {
        var fault = handle.Fault ?? handle.Running?.Node.Status.Fault;
        return fault is null
            ? TypedResults.Json(new HealthJson("healthy"), NodeJson.Default.HealthJson)
            : Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Faulted, fault);
    }

    /// <summary>Why the node should not be asked for anything at the moment; null if it may be.</summary>
    public static JsonHttpResult<ProblemJson>? WhyNotReady(NodeHandle handle)
    {
        if (handle.Running is not { } running)
            return Starting();
        var status = running.Node.Status;
        if (status.Fault is not null)
            return Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Faulted, status.Fault);
        if (status.Members.All(member => member.Id != status.Id))
            return Problems.NoMember(isUncertain: false);
        if (status.Leader == NodeId.None)
            return Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.NoLeader, "This node knows no leader.");
        return status.Commit - status.Applied <= ReadyWithin
            ? null
            : Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.NotApplied, $"This node has applied {status.Applied} of {status.Commit} committed entries.");
    }

    private static IResult Ready(NodeHandle handle) => (IResult?)WhyNotReady(handle) ?? TypedResults.Json(new HealthJson("ready"), NodeJson.Default.HealthJson);

    private static JsonHttpResult<ProblemJson> Starting() => Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "The node is starting.");

    private static string RoleName(Role role) => role switch
    {
        Role.Leader => "leader",
        Role.Candidate => "candidate",
        Role.PreCandidate => "preCandidate",
        _ => "follower",
    };
}
