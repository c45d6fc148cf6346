using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Tests.Io;
using RaftStream.Raft.Tests.Tidy;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>A user's own system under the lab, as the docs show it: what they print is what runs here.</summary>
internal sealed class OwnSystemTests
{
    private const string Page = "docs/fault-testing.md";

    [TestCase("KvSystem.cs", "system")]
    [TestCase("KvSystem.cs", "client")]
    [TestCase("OwnSystemTests.cs", "run")]
    public void The_page_shows_the_very_code_that_runs_here(string file, string region)
    {
        var source = File.ReadAllLines(Path.Combine(SourceTree.Root, "tests/Raft.Tests/Torture/Own", file));
        var first = Array.FindIndex(source, line => line.Trim() == $"#region {Page}: {region}") + 1;
        var shown = source[first..Array.FindIndex(source, first, static line => line.Trim() == "#endregion")];
        var indent = shown[0].Length - shown[0].TrimStart().Length;
        var code = string.Join('\n', shown.Select(line => line.Length > indent ? line[indent..] : ""));
        Assert.That(File.ReadAllText(Path.Combine(SourceTree.Root, Page)).ReplaceLineEndings("\n"), Does.Contain("```csharp\n" + code + "\n```"));
    }

    [Test]
    public void A_node_is_told_its_own_ports_and_where_it_finds_the_others()
    {
        var site = new NodeSite(2, [1, 2, 3], "/data/2") { Listen = static port => $"own:{port}", Reach = static (other, port) => $"to-{other}:{port}" };
        Assert.That(string.Join(' ', new KvSystem().ProgramOf(site).Arguments), Is.EqualTo("--id 2 --data /data/2 --clients own:client --listen own:peer --peer 1=to-1:peer --peer 3=to-3:peer"));
    }

    [Test]
    public async Task What_leaves_doubt_is_unknown_and_what_was_refused_has_failed()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var (values, refuses, serving) = (new ConcurrentDictionary<string, string>(StringComparer.Ordinal), new StrongBox(), new CancellationTokenSource());
        var served = ServeAsync(server, values, refuses, serving.Token);
        var address = server.LocalEndpoint.ToString()!;
        await using var client = new KvSystem().Connect(address);
        async Task<ClientAnswer> Do(OperationFunction function, HistoryValue argument = default) => await client.DoAsync(new("a", function, argument), CancellationToken.None);

        Assert.That(await Do(OperationFunction.Read), Is.EqualTo(new ClientAnswer(AnswerKind.Ok, HistoryValue.Null)));
        Assert.That((await Do(OperationFunction.Write, 5)).Kind, Is.EqualTo(AnswerKind.Ok));
        Assert.That(await Do(OperationFunction.Read), Is.EqualTo(new ClientAnswer(AnswerKind.Ok, 5)));
        Assert.That(await new KvSystem().LookAsync(address, CancellationToken.None), Is.EqualTo(new NodeView(true, 7, 12, 11, "") { Voters = [] }));
        refuses.Value = true;
        Assert.That((await Do(OperationFunction.Write, 6)).Kind, Is.EqualTo(AnswerKind.Failed));
        await serving.CancelAsync();
        await served;
        Assert.That((await Do(OperationFunction.Write, 7)).Kind, Is.EqualTo(AnswerKind.Unknown));
        Assert.That((await Do(OperationFunction.Read)).Kind, Is.EqualTo(AnswerKind.Failed));
        Assert.That(await new KvSystem().LookAsync(address, CancellationToken.None), Is.Null);
    }

    [Test]
    public void What_cannot_be_run_is_refused_in_one_sentence()
    {
        using var temporary = new TemporaryFolder();
        async Task<FaultLabResult> RunAsync(string folder)
        {
            #region docs/fault-testing.md: run
            var result = await FaultLab.RunAsync(new KvSystem(), new() { Folder = folder, Nodes = 3, Time = TimeSpan.FromMinutes(2), Workloads = ["register"] });
            Console.WriteLine($"{result.Verdict}: {result.Page}");
            #endregion
            return result;
        }

        // There is no program of that name.
        Assert.That(() => RunAsync(temporary.Path), Throws.InvalidOperationException.With.Message.Contains("kvd"));
        Assert.That(
            () => FaultLab.RunAsync(new KvSystem(), new() { Folder = temporary.Path, Driver = "cloud" }),
            Throws.InvalidOperationException.With.Message.EqualTo("There is no driver 'cloud': give process, namespace or container."));
        Assert.That(() => FaultLab.RunAsync(new KvSystem(), new() { Folder = temporary.Path, Nodes = 1 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => FaultLab.RunAsync(new KvSystem(), new() { Folder = temporary.Path, Rate = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("more than 0"));
    }

    private static async Task ServeAsync(TcpListener server, ConcurrentDictionary<string, string> values, StrongBox refuses, CancellationToken stop)
    {
        var clients = new List<Task>();
        try
        {
            while (true)
                clients.Add(AnswerAsync(await server.AcceptTcpClientAsync(stop), values, refuses, stop));
        }
        catch (OperationCanceledException)
        {
            server.Stop();
        }

        await Task.WhenAll(clients);
    }

    private static async Task AnswerAsync(TcpClient client, ConcurrentDictionary<string, string> values, StrongBox refuses, CancellationToken stop)
    {
        using (client)
        {
            using var reader = new StreamReader(client.GetStream());
            try
            {
                while (await reader.ReadLineAsync(stop) is { } line)
                {
                    var words = line.Split(' ');
                    if (words[0] == "SET" && !refuses.Value)
                        values[words[1]] = words[2];
                    var answer = words[0] == "ROLE" ? "leader 7 12 11" : refuses.Value ? "NO" : words[0] == "SET" ? "OK" : values.GetValueOrDefault(words[1], "-");
                    await client.GetStream().WriteAsync(System.Text.Encoding.UTF8.GetBytes(answer + "\n"), stop);
                }
            }
            catch (OperationCanceledException)
            {
                return; // The connection closes with the server.
            }
        }
    }

    private sealed class StrongBox
    {
        private volatile bool _value;

        public bool Value
        {
            get => _value;
            set => _value = value;
        }
    }
}
