using System.Globalization;
using RaftStream.Hosting.Http;
using Spectre.Console;

namespace RaftStream.Node.Commands;

/// <summary>The members as a table for people.</summary>
internal static class MembersText
{
    private const int Unlimited = 1_000;

    /// <summary>Writes what the leader says.</summary>
    public static void Write(MembersJson members)
    {
        var incarnation = members.Incarnation == 0 ? "" : $", incarnation {members.Incarnation} of the cluster";
        Console.Out.WriteLine($"members as of entry {members.Index}, by node {members.Leader}, which leads term {members.Term}{incarnation}{State(members.Joint, members.TransferTarget)}");
        Write(members.Members);
    }

    private static void Write(IEnumerable<MemberJson> members)
    {
        var table = new Table().AddColumns("node", "role", "priority", "peers dial", "clients ask", "heard", "holds up to", "bytes behind", "bytes/s");
        foreach (var member in members)
        {
            string[] cells =
            [
                Number(member.Id), member.Role, Number(member.Priority), member.Raft, Client(member.Http), member.Heard ? "yes" : "no",
                Number(member.Match), member.BytesBehind is { } behind ? Number(behind) : "", member.Role == "learner" ? Number(member.BytesPerSecond) : "",
            ];
            table.AddRow([.. cells.Select(static cell => new Text(cell))]);
        }

        Write(table);
    }

    /// <summary>Writes a table, in whole lines where no terminal limits them.</summary>
    public static void Write(Table table)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = Unlimited;
        AnsiConsole.Write(table);
    }

    /// <summary>What is going on among the members, as the end of a sentence; empty if nothing.</summary>
    public static string State(bool joint, int? transferTarget)
    {
        var change = joint ? "; its voters are changing" : "";
        return transferTarget is { } target ? $"{change}; it hands over to node {target.ToString(CultureInfo.InvariantCulture)}" : change;
    }

    /// <summary>Where clients go, as <c>--server</c> takes it.</summary>
    public static string Client(string? http) => http is null ? "unknown" : http[(http.IndexOf("//", StringComparison.Ordinal) + 2)..];

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
