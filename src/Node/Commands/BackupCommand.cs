using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RaftStream.Hosting.Http;
using RaftStream.Raft.Runtime;

namespace RaftStream.Node.Commands;

/// <summary>What <c>backup --json</c> and <c>restore --json</c> print.</summary>
internal sealed record BackupJson(string File, long Bytes, long Index, long Term, string StateHash, long Incarnation, IReadOnlyList<int> Members, string? Folder);

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(BackupJson))]
internal sealed partial class BackupCommandJson : JsonSerializerContext;

/// <summary>
/// <c>raftstream backup</c>: everything acknowledged before it began, in one file, while the cluster runs. The file appears under its name
/// only once it is whole, verified and on disk.
/// </summary>
internal static class BackupCommand
{
    private const string PartSuffix = ".part";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private static readonly Argument<string> Target = new("FILE") { Description = "The file to write; it must not be there yet." };

    public static Command Build()
    {
        var command = new Command("backup", "Writes a consistent backup of the running cluster to a file.") { Target, ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json };
        command.SetAction(RunAsync);
        return command;
    }

    /// <summary>What a backup holds, for people or for programs.</summary>
    public static BackupJson Describe(BackupFile backup, string? folder)
    {
        var (manifest, members) = (backup.Manifest, backup.Members);
        return new(
            backup.ToString(), backup.FileSize, manifest.Position.Index.Value, manifest.Position.Term.Value,
            manifest.Description.StateHash.ToString("x16", CultureInfo.InvariantCulture), backup.Incarnation, [.. members.Members.Select(static member => member.Id.Value)], folder);
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var path = Path.GetFullPath(parsed.GetRequiredValue(Target));
        if (File.Exists(path) || Directory.Exists(path))
            throw new UsageException($"FILE {path} is there already: give another name, a backup is never overwritten.");
        var part = path + PartSuffix;
        try
        {
            await DownloadAsync(parsed, part, stop);
            using (var backup = BackupFile.Open(part))
            {
                backup.Verify();
                Tell(Describe(backup, null) with { File = path }, parsed.GetValue(ClientCommand.Json));
            }

            File.Move(part, path);
            Posix.SyncFolder(Path.GetDirectoryName(path)!);
            return ExitCodes.Fine;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"FILE {path} cannot be written: {exception.Message}", exception);
        }
    }

    private static async Task DownloadAsync(ParseResult parsed, string part, CancellationToken stop)
    {
        using var cluster = ClientCommand.Connect(parsed);
        var start = Stopwatch.GetTimestamp();
        await using var file = new FileStream(part, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        ProblemJson? last = null;
        for (var attempt = 0; Stopwatch.GetElapsedTime(start) < Patience || attempt == 0; attempt++)
        {
            var reply = await cluster.Nodes[attempt % cluster.Nodes.Count].BackupAsync(file, stop);
            if (reply.Value is not null)
            {
                file.Flush(flushToDisk: true);
                return;
            }

            last = reply.Problem ?? last;
            if (reply.Problem is { Status: >= 400 and < 500 and not 429 } refused)
                throw new UsageException(refused.Detail);
            await Task.Delay(Pause, stop);
        }

        throw new UndecidedException(last?.Detail ?? $"No node sent a whole backup within {Patience.TotalSeconds:0} s: name running nodes with --server.");
    }

    private static void Tell(BackupJson backup, bool json) => Console.Out.WriteLine(json
        ? JsonSerializer.Serialize(backup, BackupCommandJson.Default.BackupJson)
        : $"{backup.File}: {backup.Bytes} bytes, verified; state {backup.StateHash} as of entry {backup.Index}@{backup.Term}, members {string.Join(", ", backup.Members)}, incarnation {backup.Incarnation}");
}
