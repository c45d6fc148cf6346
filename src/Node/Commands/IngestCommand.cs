using System.Buffers;
using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Commands;

/// <summary>
/// <c>raftstream ingest</c>: counts the words of a file, each exactly once, whatever happens to the cluster or to this process:
/// running it again goes on where the log says the file stands, and changes nothing once it is counted.
/// </summary>
internal static class IngestCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly Argument<string> Input = new("FILE") { Description = "The text, UTF-8." };
    private static readonly Option<string> Job = new("--job") { Description = "Under which name the file is counted.", HelpName = "NAME", Required = true };

    private static readonly Option<string> Partition = new("--partition")
    {
        Description = "Which part of the job, where it has several files.",
        HelpName = "NAME",
        DefaultValueFactory = _ => WordCountIngest.DefaultPartition,
    };

    public static Command Build()
    {
        var command = new Command("ingest", "Streams a file to the cluster and counts its words.") { Input, Job, Partition, ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var path = parsed.GetRequiredValue(Input);
        InputFiles.Check(path, "FILE");
        using var cluster = ClientCommand.Connect(parsed);
        var target = new Target(path, Name(parsed.GetRequiredValue(Job), "--job"), Name(parsed.GetRequiredValue(Partition), "--partition"));
        await RefuseAnotherFileAsync(cluster, target, stop);
        var done = await SendAsync(cluster, target, stop);
        Console.Out.WriteLine(parsed.GetValue(ClientCommand.Json)
            ? JsonSerializer.Serialize(done, NodeJson.Default.IngestJson)
            : $"{done.WordsAdded} words counted now, {done.Words} in all, {done.DeadLetters} too long and set aside; {done.Offset} bytes committed");
        return ExitCodes.Fine;
    }

    private static string Name(string name, string flag) =>
        name.Length is > 0 and <= JobEndpoints.MaxName && !name.Any(char.IsControl)
            ? name
            : throw new UsageException($"{flag} has {name.Length} characters: give 1 to {JobEndpoints.MaxName} and no control characters.");

    // The server compares as well; asking first spares the upload, and a client that still sends would not hear the answer in time.
    private static async Task RefuseAnotherFileAsync(ClusterClient cluster, Target target, CancellationToken stop)
    {
        var at = await cluster.ReadAsync((node, patience) => node.JobAsync(target.Job, target.Partition, patience, stop), stop);
        if (at.Offset == 0)
            return;
        using var file = target.Open();
        if (!string.Equals(await HashPrefixAsync(file, at.Offset, stop), at.PrefixSha256, StringComparison.OrdinalIgnoreCase))
        {
            throw new UsageException(
                $"FILE {target.Path} does not start with the {at.Offset} bytes that job '{target.Job}' has counted: give that file, another --job, or a --partition for this one.");
        }
    }

    private static async Task<IngestJson> SendAsync(ClusterClient cluster, Target target, CancellationToken stop)
    {
        var nodes = cluster.Nodes;
        var lastProgress = Stopwatch.GetTimestamp();
        var committed = -1L;
        for (var attempt = 0; ; attempt++)
        {
            var node = nodes[attempt % nodes.Count];
            using var file = target.Open();
            var reply = await node.IngestAsync(target.Job, target.Partition, file, stop);
            if (reply.Value is { } done)
                return done;
            if (reply.Problem?.Code == ProblemCodes.Superseded)
                throw new UndecidedException($"{reply.Problem.Detail} Nothing is lost; run the same command again to take it back.");
            if (reply.Problem is { Status: >= 400 and < 500 and not 429 } refused)
                throw new UsageException(refused.Detail);

            // Every other end is safe to try again: the log decides what of it counts. Patience runs out only without progress.
            var at = (await node.JobAsync(target.Job, target.Partition, TimeSpan.FromSeconds(6), stop)).Value?.Offset ?? committed;
            if (at > committed)
                (committed, lastProgress) = (at, Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(lastProgress) > Patience)
                throw new UndecidedException($"Nothing new was committed for {Patience.TotalSeconds:0} s: {reply.Problem?.Detail ?? "no node answers"} Run the same command again to go on.");
            await Task.Delay(Pause, stop);
        }
    }

    private static async Task<string?> HashPrefixAsync(FileStream file, long length, CancellationToken stop)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            while (length > 0)
            {
                var count = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length)), stop);
                if (count == 0)
                    return null;
                hash.AppendData(buffer, 0, count);
                length -= count;
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed record Target(string Path, string Job, string Partition)
    {
        public FileStream Open() => new(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
    }
}
