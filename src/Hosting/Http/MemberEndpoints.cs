using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using RaftStream.Hosting.Security;
using RaftStream.Raft.Wire;

namespace RaftStream.Hosting.Http;

/// <summary>
/// The members over HTTP: any node takes the request, the leader does it. <c>?expect=INDEX</c> makes a change one of compare-and-set: it is
/// refused if the members changed since the list with that index.
/// </summary>
internal static class MemberEndpoints
{
    private const int LeaderPolls = 100;
    private static readonly TimeSpan LeaderPoll = TimeSpan.FromMilliseconds(5);

    /// <summary>Adds the endpoints.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/admin/members", ListAsync).Needs(AccessRole.Admin);
        routes.MapPost("/v1/admin/members", context => ChangeAsync(context, ReadAdd)).Needs(AccessRole.Admin);
        routes.MapPost("/v1/admin/members/{id}/promote", context => ChangeAsync(context, static (context, _) => new(MemberChange.Promote(Id(context)), null))).Needs(AccessRole.Admin);
        routes.MapDelete("/v1/admin/members/{id}", context => ChangeAsync(context, static (context, _) => new(MemberChange.Remove(Id(context)), null))).Needs(AccessRole.Admin);
        routes.MapPost("/v1/admin/members/{id}/replace", context => ChangeAsync(context, ReadReplace)).Needs(AccessRole.Admin);
        routes.MapPatch("/v1/admin/members/{id}", context => ChangeAsync(context, ReadUpdate)).Needs(AccessRole.Admin);
        routes.MapPost("/v1/admin/transfer", TransferAsync).Needs(AccessRole.Admin);
    }

    private static async Task ListAsync(HttpContext context)
    {
        var result = await Router(context).RouteAsync(context, ReadOnlyMemory<byte>.Empty, Repeat.Always, static (running, _) =>
        {
            var status = running.Node.Status;
            var json = new MembersJson(
                status.Id.Value, status.Term.Value, status.MembersIndex.Value, status.IsJoint, status.TransferTarget == NodeId.None ? null : status.TransferTarget.Value,
                status.Incarnation, [.. status.Members.Select(member => StatusEndpoints.From(member, running.AddressesOf))]);
            return ValueTask.FromResult(status.Role == Role.Leader
                ? new LocalAnswer(Outcome.Applied, Refusal.None, TypedResults.Json(json, NodeJson.Default.MembersJson))
                : new LocalAnswer(Outcome.Rejected, Refusal.NotLeader, TypedResults.Empty));
        });
        await result.ExecuteAsync(context);
    }

    private static async Task ChangeAsync(HttpContext context, Func<HttpContext, ReadOnlyMemory<byte>, Wish> read)
    {
        var body = await RequestBodies.ReadAsync(context);
        var wish = read(context, body);
        LogIndex? expected = null;
        if (context.Request.Query.TryGetValue("expect", out var text))
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                wish = new(null, "The expect in the query is no index: give the one of the list of members that you looked at.");
            expected = new LogIndex(index);
        }

        IResult result = wish.Change is { } change
            ? await Router(context).RouteAsync(context, body, Repeat.Never, async (running, token) =>
            {
                var answer = await running.Node.ChangeMembersAsync(change with { Expected = expected }, token);
                var json = new ChangeJson("applied", answer.Position.Index.Value);
                return new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Json(json, NodeJson.Default.ChangeJson)) { Position = answer.Position };
            })
            : Problems.Bad(wish.Problem ?? "The request names no change.");
        await result.ExecuteAsync(context);
    }

    private static Wish ReadAdd(HttpContext context, ReadOnlyMemory<byte> body)
    {
        if (!RequestBodies.TryParse(body, NodeJson.Default.AddMemberBody, new AddMemberBody(null, null, null), out var add, out var problem))
            return new(null, problem);
        if (add.Id is not { } id || add.Address is not { } address)
            return new(null, "The body lacks the id or the address: give {\"id\":4,\"address\":\"host:port\"}, and a priority if it shall have one.");
        return AddressProblem(address) is { } wrong ? new(null, wrong) : new(MemberChange.Add(new(id), address, add.Priority), null);
    }

    private static Wish ReadReplace(HttpContext context, ReadOnlyMemory<byte> body)
    {
        if (!RequestBodies.TryParse(body, NodeJson.Default.ReplaceMemberBody, new ReplaceMemberBody(null), out var replace, out var problem))
            return new(null, problem);
        return replace.With is { } with
            ? new(MemberChange.Replace(Id(context), new(with)), null)
            : new(null, "The body lacks the learner that takes the vote: give {\"with\":4}.");
    }

    private static Wish ReadUpdate(HttpContext context, ReadOnlyMemory<byte> body)
    {
        if (!RequestBodies.TryParse(body, NodeJson.Default.UpdateMemberBody, new UpdateMemberBody(null, null), out var update, out var problem))
            return new(null, problem);
        if (update is { Address: null, Priority: null })
            return new(null, "The body names nothing to change: give {\"priority\":200}, an address, or both.");
        return update.Address is { } address && AddressProblem(address) is { } wrong
            ? new(null, wrong)
            : new(MemberChange.Update(Id(context), update.Address, update.Priority), null);
    }

    private static async Task TransferAsync(HttpContext context)
    {
        var body = await RequestBodies.ReadAsync(context);
        IResult result = RequestBodies.TryParse(body, NodeJson.Default.TransferBody, new TransferBody(null), out var transfer, out var problem)
            ? await Router(context).RouteAsync(context, body, Repeat.Never, (running, token) => TransferAsync(running.Node, new(transfer.To ?? 0), token))
            : Problems.Bad(problem);
        await result.ExecuteAsync(context);
    }

    private static async ValueTask<LocalAnswer> TransferAsync(RaftNode node, NodeId to, CancellationToken token)
    {
        var from = node.Status.Id;
        if (to == from && node.Status.Role == Role.Leader)
            return Done(new TransferJson("applied", from.Value, from.Value));
        var answer = await node.TransferLeadershipAsync(to, token);
        if (answer.Outcome == Outcome.Applied)
            return Done(new TransferJson("applied", from.Value, await NextLeaderAsync(node, from, token)));

        // "Try again in a moment" would hand over a second time, and a member that does not answer will not answer the next time either.
        return answer switch
        {
            { Outcome: Outcome.Rejected, Refusal: Refusal.Transferring } => Refused(ProblemCodes.Transferring, "Leadership is being handed over already; nothing was done."),
            { Outcome: Outcome.Rejected, Refusal: Refusal.TimedOut } => Refused(ProblemCodes.TransferFailed, $"Nobody took over within an election timeout, so node {from} goes on; see with 'raftstream members list' who is heard."),
            _ => new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Empty),
        };
    }

    /// <summary>The answer comes a moment before the status shows who leads; null where the one who does is not heard in time.</summary>
    private static async Task<int?> NextLeaderAsync(RaftNode node, NodeId from, CancellationToken token)
    {
        for (var attempt = 0; attempt < LeaderPolls; attempt++)
        {
            if (node.Status.Leader is var leader && leader != NodeId.None && leader != from)
                return leader.Value;
            await Task.Delay(LeaderPoll, token);
        }

        return null;
    }

    private static LocalAnswer Done(TransferJson json) => new(Outcome.Applied, Refusal.None, TypedResults.Json(json, NodeJson.Default.TransferJson));

    private static LocalAnswer Refused(string code, string detail) => new(Outcome.Applied, Refusal.None, Problems.Rejected(StatusCodes.Status409Conflict, code, detail));

    // No id of a member is zero: what is no number becomes one that the members do not have.
    private static NodeId Id(HttpContext context) =>
        new(int.TryParse(context.GetRouteValue("id") as string, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id <= NodeId.MaxValue ? id : 0);

    private static string? AddressProblem(string address) => TransportOptions.TryParse(address, out var endpoint) && !TransportOptions.IsWildcard(endpoint)
        ? null
        : $"The address '{address}' is none that the other nodes could dial: give host:port.";

    private static LeaderRouter Router(HttpContext context) => context.RequestServices.GetRequiredService<LeaderRouter>();

    /// <summary>What a request asks for, or what is wrong with it.</summary>
    private readonly record struct Wish(MemberChange? Change, string? Problem);
}
