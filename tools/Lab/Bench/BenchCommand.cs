using System.CommandLine;
using System.Globalization;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Bench;

/// <summary>What the bench was asked for.</summary>
/// <param name="InFlight">The numbers of operations in flight, one run each, in this order.</param>
/// <param name="KeyBytes">How long every key is, in bytes.</param>
/// <param name="Nodes">How many replicas: 1, 3 or 5.</param>
/// <param name="Seconds">How long each run is measured.</param>
/// <param name="Direct">Replicas and callers in this process, without HTTP.</param>
/// <param name="Client">Through the .NET client's protocol instead of HTTP.</param>
/// <param name="Levels">Each consistency level for itself, one operation at a time, instead of increments.</param>
/// <param name="Json">One JSON object instead of a table.</param>
internal sealed record BenchPlan(IReadOnlyList<int> InFlight, int KeyBytes, int Nodes, int Seconds, bool Direct, bool Client, bool Levels, bool Json)
{
    /// <summary>Redis's own benchmark at the port of the Redis protocol instead of increments.</summary>
    public bool Resp { get; init; }

    /// <summary>What more nodes and more partitions bring, instead of increments.</summary>
    public bool Scale { get; init; }

    /// <summary>With <see cref="Resp"/>: commands of each repetition.</summary>
    public int Requests { get; init; }

    /// <summary>With <see cref="Resp"/>: how often each is measured.</summary>
    public int Repetitions { get; init; }
}

/// <summary><c>raftstream-lab bench</c>: how fast a cluster on this machine adds to counters, each answer after a quorum's sync.</summary>
internal static class BenchCommand
{
    private const int MaxInFlight = 1_024;
    private const int MaxRuns = 16;
    private const int MaxSeconds = 600;
    private const int MinRequests = 1_000;
    private const int MaxRequests = 10_000_000;
    private const int MaxRepetitions = 100;

    public static Command Create()
    {
        var inFlight = new Option<string>("--inflight")
        {
            Description = $"Operations in flight, 1 to {MaxInFlight}: one run for each number, at most {MaxRuns}.",
            HelpName = "N,N,...",
            DefaultValueFactory = static _ => "1,64,256",
        };
        var value = new Option<int>("--value") { Description = $"The length of every key in bytes, 1 to {CounterKeys.MaxBytes}.", HelpName = "BYTES", DefaultValueFactory = static _ => 16 };
        var nodes = new Option<int>("--nodes") { Description = "How many nodes: 1, 3 or 5.", HelpName = "1|3|5", DefaultValueFactory = static _ => 3 };
        var seconds = new Option<int>("--seconds") { Description = $"How long each run is measured after its warm-up, 1 to {MaxSeconds}.", HelpName = "S", DefaultValueFactory = static _ => 5 };
        var direct = new Option<bool>("--direct") { Description = "Nodes and callers in this process, without HTTP: what consensus alone costs." };
        var client = new Option<bool>("--client") { Description = "Through the .NET client, pipelined over one connection, instead of HTTP." };
        var levels = new Option<bool>("--levels") { Description = "Each consistency level for itself over HTTP, one operation at a time, at the leader and at a follower: latency, and messages between nodes." };
        var resp = new Option<bool>("--resp") { Description = "SET, GET, INCR and MSET by redis-benchmark at the leader and at a follower, and at a redis-server that syncs each write." };
        var scale = new Option<bool>("--scale") { Description = "A job's part before the log, and reads of its rows at followers: on 5 nodes over 3, and with 4 partitions over 1." };
        var requests = new Option<int>("--requests") { Description = $"With --resp: commands of each repetition, {MinRequests} to {MaxRequests}.", HelpName = "N", DefaultValueFactory = static _ => 20_000 };
        var repetitions = new Option<int>("--repetitions") { Description = $"With --resp: how often each is measured, 1 to {MaxRepetitions}; the medians are told.", HelpName = "N", DefaultValueFactory = static _ => 3 };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object instead of a table." };
        var command = new Command("bench", "Measures durable increments on a cluster of this machine: real disks, TCP on loopback.") { inFlight, value, nodes, seconds, direct, client, levels, resp, scale, requests, repetitions, json };
        command.SetAction((parsed, cancellation) => RunAsync(
            () => Plan(
                parsed.GetRequiredValue(inFlight), parsed.GetValue(value), parsed.GetValue(nodes), parsed.GetValue(seconds), parsed.GetValue(direct), parsed.GetValue(client),
                parsed.GetValue(levels), parsed.GetValue(json)) with
            {
                Resp = Alone(parsed.GetValue(resp), parsed.GetValue(direct) || parsed.GetValue(client) || parsed.GetValue(levels)),
                Scale = !parsed.GetValue(scale) || !(parsed.GetValue(direct) || parsed.GetValue(client) || parsed.GetValue(levels) || parsed.GetValue(resp))
                    ? parsed.GetValue(scale)
                    : throw new UsageException("--scale is a bench of its own: leave --direct, --client, --levels and --resp out."),
                Requests = Within("--requests", parsed.GetValue(requests), MinRequests, MaxRequests),
                Repetitions = Within("--repetitions", parsed.GetValue(repetitions), 1, MaxRepetitions),
            },
            cancellation));
        return command;
    }

    /// <summary>Turns whatever happens into an exit code and at most one sentence on standard error.</summary>
    private static async Task<int> RunAsync(Func<BenchPlan> plan, CancellationToken cancellation)
    {
        try
        {
            return await BenchRun.RunAsync(plan(), cancellation);
        }
        catch (UsageException exception)
        {
            return Complain(exception.Message, ExitCodes.BadUsage);
        }
        catch (UndecidedException exception)
        {
            return Complain(exception.Message, ExitCodes.Undecided);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Complain("Stopped by a signal before the end.", ExitCodes.Undecided);
        }
        catch (Exception exception) when (exception is FaultException or ReplicaException or IOException)
        {
            return Complain(exception.Message, ExitCodes.Internal);
        }
    }

    private static int Complain(string sentence, int exitCode)
    {
        Console.Error.WriteLine("raftstream-lab: " + sentence.ReplaceLineEndings(" ").Trim());
        return exitCode;
    }

    private static BenchPlan Plan(string inFlight, int keyBytes, int nodes, int seconds, bool direct, bool client, bool levels, bool json)
    {
        if (keyBytes is < 1 or > CounterKeys.MaxBytes)
            throw new UsageException($"--value {keyBytes} is not possible: give 1 to {CounterKeys.MaxBytes} bytes.");
        if (nodes is not (1 or 3 or 5))
            throw new UsageException($"--nodes {nodes} is not possible: give 1, 3 or 5.");
        if (seconds is < 1 or > MaxSeconds)
            throw new UsageException($"--seconds {seconds} is not possible: give 1 to {MaxSeconds}.");
        if (direct && client)
            throw new UsageException("--direct and --client are two ways to the nodes: give one of them.");
        if (levels && (direct || client))
            throw new UsageException("--levels goes over HTTP: leave --direct and --client out.");
        if (levels && nodes == 1)
            throw new UsageException("--levels compares a leader with a follower: give --nodes 3 or 5.");
        return new BenchPlan(Numbers(inFlight), keyBytes, nodes, seconds, direct, client, levels, json);
    }

    private static bool Alone(bool resp, bool others) =>
        !(resp && others) ? resp : throw new UsageException("--resp goes over the port of the Redis protocol: leave --direct, --client and --levels out.");

    private static int Within(string option, int number, int least, int most) =>
        number >= least && number <= most ? number : throw new UsageException($"{option} {number} is not possible: give {least} to {most}.");

    private static List<int> Numbers(string text)
    {
        var numbers = new List<int>();
        foreach (var part in text.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > MaxInFlight)
                throw new UsageException($"--inflight {text} is not possible: give numbers from 1 to {MaxInFlight} with commas between them, as in 1,64,256.");
            numbers.Add(number);
        }

        return numbers.Count <= MaxRuns
            ? numbers
            : throw new UsageException($"--inflight names {numbers.Count} runs: give at most {MaxRuns}.");
    }
}
