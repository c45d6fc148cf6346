using System.CommandLine;
using System.Text.Json;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Commands;

/// <summary><c>raftstream add</c>: adds to a counter, once.</summary>
internal static class AddCommand
{
    private static readonly Argument<string> Key = new("KEY") { Description = "The counter; any text." };
    private static readonly Argument<string> Delta = new("DELTA") { Description = "What to add, 64 bits (default 1).", DefaultValueFactory = _ => "1" };

    public static Command Build()
    {
        var command = new Command("add", "Adds to a counter and prints its value.") { Key, Delta, ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var key = Keys.Check(parsed.GetRequiredValue(Key));
        var text = parsed.GetRequiredValue(Delta);
        if (!long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var delta))
            throw new UsageException($"DELTA '{text}' is no whole number of 64 bits.");
        using var cluster = ClientCommand.Connect(parsed);
        var counter = await cluster.WriteAsync((node, patience) => node.AddAsync(key, delta, patience, stop), stop);
        Console.Out.WriteLine(parsed.GetValue(ClientCommand.Json) ? JsonSerializer.Serialize(counter, NodeJson.Default.CounterJson) : $"{counter.Value}");
        return ExitCodes.Fine;
    }
}

/// <summary><c>raftstream get</c>: reads a counter, linearizably unless another level is asked for.</summary>
internal static class GetCommand
{
    private static readonly Argument<string> Key = new("KEY") { Description = "The counter; any text." };

    public static Command Build()
    {
        var command = new Command("get", "Prints a counter's value, 0 if there is no such counter.")
        {
            Key, ReadOptions.Consistency, ReadOptions.MaxAge, ReadOptions.Token, ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var level = ReadOptions.Level(parsed);
        var key = Keys.Check(parsed.GetRequiredValue(Key));
        using var cluster = ClientCommand.Connect(parsed);
        var counter = await cluster.ReadAsync((node, patience) => node.GetCounterAsync(key, patience, stop, level), stop);
        Console.Out.WriteLine(parsed.GetValue(ClientCommand.Json) ? JsonSerializer.Serialize(counter, NodeJson.Default.CounterJson) : $"{counter.Value}");
        ReadOptions.Tell(level, cluster.Stamp);
        return ExitCodes.Fine;
    }
}

/// <summary>Judges keys on the command line.</summary>
internal static class Keys
{
    /// <summary>The key, if it is one.</summary>
    /// <exception cref="UsageException">It is empty or too long.</exception>
    public static string Check(string key)
    {
        var bytes = System.Text.Encoding.UTF8.GetByteCount(key);
        return bytes is >= 1 and <= CounterKeys.MaxBytes
            ? key
            : throw new UsageException($"The KEY has {bytes} bytes of UTF-8: a key has 1 to {CounterKeys.MaxBytes}.");
    }
}
