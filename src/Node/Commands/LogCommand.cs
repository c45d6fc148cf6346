using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RaftStream.Raft.Log;

namespace RaftStream.Node.Commands;

/// <summary>What <c>log inspect --json</c> and <c>log verify --json</c> print.</summary>
/// <param name="Ok">Whether nothing is damaged.</param>
/// <param name="Folder">The folder looked at.</param>
/// <param name="Report">What it holds.</param>
internal sealed record LogJson(bool Ok, string Folder, LogReport Report);

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LogJson))]
internal sealed partial class LogCommandJson : JsonSerializerContext;

/// <summary>
/// <c>raftstream log inspect</c> and <c>log verify</c>: what the data folder of a stopped node holds, and whether it is whole. Neither
/// changes a byte of it.
/// </summary>
internal static class LogCommand
{
    private static readonly Argument<string> Folder = new("DIR") { Description = "The data folder of a node that does not run, or a copy of one." };

    public static Command Build()
    {
        var inspect = new Command("inspect", "Prints what the log and the snapshots hold.") { Folder, ClientCommand.Json };
        inspect.SetAction(static parsed => Run(parsed, Show));
        var verify = new Command("verify", "Reads every byte and says in words what is wrong, where, and what to do.") { Folder, ClientCommand.Json };
        verify.SetAction(static parsed => Run(parsed, Judge));
        return new("log", "Looks at the data folder of a node that does not run, without changing it.") { inspect, verify };
    }

    private static int Run(ParseResult parsed, Action<string, LogReport> print)
    {
        var folder = Path.GetFullPath(parsed.GetRequiredValue(Folder));
        var report = Read(folder);
        if (parsed.GetValue(ClientCommand.Json))
            Console.Out.WriteLine(JsonSerializer.Serialize(new LogJson(report.IsSound, folder, report), LogCommandJson.Default.LogJson));
        else
            print(folder, report);
        return report.IsSound ? ExitCodes.Fine : ExitCodes.Violation;
    }

    private static LogReport Read(string folder)
    {
        try
        {
            using var frozen = FrozenFolder.Open(folder);
            return LogInspector.Inspect(frozen)
                ?? throw new UsageException($"'{folder}' holds neither a log nor a snapshot: give the data folder of one node (a local cluster has one folder a node in its own).");
        }
        catch (IOException unusable)
        {
            throw new UsageException(unusable.Message, unusable);
        }
    }

    private static void Show(string folder, LogReport report)
    {
        Console.Out.WriteLine($"{folder}: node {report.Node?.ToString(CultureInfo.InvariantCulture) ?? "unknown"} of cluster {report.Cluster ?? "unknown"}");
        if (report.Term is not null)
        {
            Console.Out.WriteLine($"term {report.Term}, vote {(report.Vote == 0 ? "none" : report.Vote)}, entries {report.FirstIndex} to {report.LastIndex} (term {report.LastTerm})");
            if (report.Kinds.Count > 0)
                Console.Out.WriteLine(string.Join(", ", report.Kinds.Select(static kind => $"{kind.Key} {kind.Value}")));
        }

        foreach (var one in report.Segments)
        {
            Console.Out.WriteLine($"{one.File}: {one.Size} bytes, {one.Used} used, {one.Batches} batches from {one.FirstBatch} on, {one.Entries} entries{Range(one)}");
            Console.Out.WriteLine($"  begun at term {one.CheckpointTerm}, vote {(one.CheckpointVote == 0 ? "none" : one.CheckpointVote)}, behind entry {one.BaseIndex}@{one.BaseTerm}{(one.IsReset ? ", a snapshot stands in for all before" : "")}");
        }

        foreach (var one in report.Snapshots)
            Console.Out.WriteLine($"{one.File}: {one.Size} bytes, at entry {one.Index}@{one.Term}, {one.Length} bytes of state in {one.Chunks} chunks, state {one.StateHash}");
        Tell(report);
    }

    private static void Judge(string folder, LogReport report)
    {
        Tell(report);
        Console.Out.WriteLine(report.IsSound
            ? $"{folder} is whole: {report.Segments.Count} segments, {report.Snapshots.Count} snapshots, every byte read."
            : $"{folder} is damaged.");
    }

    private static void Tell(LogReport report)
    {
        foreach (var finding in report.Findings)
        {
            var kind = finding.Kind switch
            {
                FindingKind.Note => "note",
                FindingKind.Torn => "torn, harmless",
                FindingKind.Damaged => "damaged",
                _ => "the node does not start",
            };
            Console.Out.WriteLine($"{kind}: {finding.Sentence}");
        }
    }

    private static string Range(SegmentReport one) =>
        one.Entries == 0 ? "" : $" ({one.FirstIndex} to {one.LastIndex}, terms {one.FirstTerm} to {one.LastTerm})";
}
