using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RaftStream.Hosting.Http;
using Spectre.Console;

namespace RaftStream.Node.Commands;

/// <summary>One member in what <c>status --json</c> prints; <c>status</c> is null where it does not answer.</summary>
internal sealed record MemberStatusJson(int? Id, string? Http, StatusJson? Status);

/// <summary>What <c>status --json</c> prints.</summary>
internal sealed record ClusterStatusJson(int? Leader, IReadOnlyList<MemberStatusJson> Nodes);

/// <summary>How it is written.</summary>
[System.Text.Json.Serialization.JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[System.Text.Json.Serialization.JsonSerializable(typeof(ClusterStatusJson))]
internal sealed partial class StatusCommandJson : System.Text.Json.Serialization.JsonSerializerContext;

/// <summary><c>raftstream status</c>: where every member stands, by its own account.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static Command Build()
    {
        var command = new Command("status", "Prints where every node of the cluster stands.") { ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        using var cluster = ClientCommand.Connect(parsed);

        // Any node knows the members; each then speaks for itself.
        var first = await cluster.ReadAsync((node, _) => node.StatusAsync(Patience, stop), stop);
        var statuses = first.Members.Count > 0
            ? await Task.WhenAll(first.Members.Select(member => AskAsync(cluster, member, stop)))
            : [new MemberStatusJson(first.Id, null, first)];
        var leader = statuses.Select(one => one.Status).OfType<StatusJson>().Where(status => status.Role == "leader").MaxBy(status => status.Term)?.Id;
        if (parsed.GetValue(ClientCommand.Json))
            Console.Out.WriteLine(JsonSerializer.Serialize(new ClusterStatusJson(leader, statuses), StatusCommandJson.Default.ClusterStatusJson));
        else
            Show(first, statuses, leader);
        return ExitCodes.Fine;
    }

    private static async Task<MemberStatusJson> AskAsync(ClusterClient cluster, MemberJson member, CancellationToken stop)
    {
        if (member.Http is null)
            return new MemberStatusJson(member.Id, null, null);
        var reply = await cluster.Node(member.Http).StatusAsync(Patience, stop);
        return new MemberStatusJson(member.Id, member.Http, reply.Value);
    }

    private static void Show(StatusJson first, MemberStatusJson[] statuses, int? leader)
    {
        var known = Array.Find(statuses, one => one.Status is not null && one.Id == leader)?.Status ?? first;
        Console.Out.WriteLine(leader is null
            ? $"no leader; the members as of entry {known.MembersIndex}, as node {known.Id} knows them"
            : $"node {leader} leads term {known.Term}; members as of entry {known.MembersIndex}{MembersText.State(known.Joint, known.TransferTarget)}");
        var table = new Table().AddColumns("node", "http", "member", "role", "term", "last", "commit", "applied", "snapshot", "outbox", "state");
        foreach (var (id, http, status) in statuses)
        {
            string[] cells = status is null
                ? [Number(id), MembersText.Client(http), MemberRole(known, id), "no answer", "", "", "", "", "", "", ""]
                : [
                    Number(id), MembersText.Client(http), MemberRole(known, id), status.Fault ?? (status.StorageFull ? status.Role + ", disk full" : status.Role), Number(status.Term), Number(status.LastIndex), Number(status.Commit),
                    Number(status.Applied), Number(status.Snapshot), Number(status.Outbox?.Pending), status.StateHash,
                ];
            table.AddRow([.. cells.Select(cell => new Text(cell))]);
        }
        MembersText.Write(table);
    }

    private static string MemberRole(StatusJson known, int? id) => known.Members.FirstOrDefault(member => member.Id == id)?.Role ?? "none yet";

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
