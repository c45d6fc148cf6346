using System.Runtime.CompilerServices;
using RaftStream.Client;

namespace RaftStream.Streams.Tests;

/// <summary>The example of the client on the page of stream jobs compiles, and stands there as it stands here.</summary>
[TestFixture]
internal sealed class StreamsPageTests
{
    [Test]
    public void ThePageHasTheExample()
    {
        var lines = File.ReadAllLines(Here()).SkipWhile(static line => line.Trim() != "// [the page's lines]").Skip(1).TakeWhile(static line => line.Trim() != "// [end of the page's lines]").Select(static line => line.Length == 0 ? line : line[8..]).ToList();
        Assert.That(lines, Has.Count.GreaterThan(5));
        Assert.That(File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../docs/streams.md")), Does.Contain("```csharp\n" + string.Join('\n', lines) + "\n```"));
    }

    /// <summary>For the compiler: nobody listens at these addresses.</summary>
    internal static async Task RunExampleAsync()
    {
        // [the page's lines]
        await using var client = await RaftStreamClient.ConnectAsync(new() { Nodes = ["10.0.0.1:9001", "10.0.0.2:9001", "10.0.0.3:9001"] });
        var producer = client.Producer("events", "in", "pump-7");
        await producer.ResumeAsync();                                     // after a restart: producer.Next is behind what counts
        var sent = await producer.SendAsync(["pump-7 21.5", "pump-7 21.7"]);
        Console.WriteLine($"{sent.Outcome} {sent.Sequence} {sent.Taken}");

        await foreach (var output in client.SubscribeAsync("events", "changes", from: 1))
            Console.WriteLine($"{output.Sequence} {output.Text}");
        // [end of the page's lines]
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
