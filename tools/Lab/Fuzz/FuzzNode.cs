using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using RaftStream.Raft.Core;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// The live node: member 1 of three, a real one with a disk and a port. Started again whenever it falls silent with a sentence, in a new
/// folder now and then. Any other end of it is a crash.
/// </summary>
internal sealed class FuzzNode(string folder, IReadOnlyDictionary<NodeId, DnsEndPoint> members) : ILoggerFactory, ILogger
{
    /// <summary>Starts in one folder at the most: what a broken leader left in the log shapes everything after it.</summary>
    private const int StartsInAFolder = 8;

    public static readonly NodeId Self = new(1);
    public static readonly Guid Cluster = new("0b0e5c1e-6a5d-4f0e-8a52-6d7f5a3e9c01");

    private readonly ConcurrentDictionary<string, long> _silences = new(StringComparer.Ordinal);
    private RaftNode? _node;
    private volatile string? _crash;
    private int _starts;
    private string _place = "";

    /// <summary>The data folder's number that a played member tells.</summary>
    public static ulong DiskOf(NodeId member) => 1000 + (ulong)member.Value;

    /// <summary>The running node.</summary>
    public RaftNode Node => _node!;

    /// <summary>The first thing that must not happen; null while there is none.</summary>
    public string? Crash => _crash;

    /// <summary>How often it fell silent, by the sentence.</summary>
    public IReadOnlyDictionary<string, long> Silences => _silences;

    /// <summary>
    /// Whether a message has driven its term so far up that hardly one is left above it: nothing sane can be said to it any more, and
    /// nothing but a new folder helps.
    /// </summary>
    public bool IsWornOut => Node.Status.Term.Value > MessageCheck.LargestTerm / 2;

    /// <summary>Starts it, in a folder of its own every few times.</summary>
    public async Task StartAsync()
    {
        var place = Path.Combine(folder, $"node-{_starts++ / StartsInAFolder}");
        if (place != _place && _place.Length > 0)
            Directory.Delete(_place, recursive: true);
        _place = place;
        _node = await RaftNode.StartAsync(
            new()
            {
                Id = Self,
                Members = members,
                ClusterId = Cluster,
                DataFolder = place,
                ElectionTimeout = TimeSpan.FromMilliseconds(100),
                HeartbeatInterval = TimeSpan.FromMilliseconds(20),
                SnapshotAfterBytes = 1024 * 1024,
            },
            new CountingStore(),
            this);
    }

    /// <summary>Starts it again if it has stopped. False: it crashed.</summary>
    public async Task<bool> ReviveAsync()
    {
        if (_crash is null && !Node.Stopped.IsCompleted)
        {
            _silences.AddOrUpdate("its term was driven to the end of the range, and it was given a new folder", 1, static (_, count) => count + 1);
            await Node.DisposeAsync();
            await StartAnewAsync();
        }
        else if (_crash is null)
        {
            _silences.AddOrUpdate(await Node.Stopped ?? "it was stopped", 1, static (_, count) => count + 1);
            await RestartAsync();
        }

        return _crash is null;
    }

    /// <summary>A mutated entry named other members, or other data folders of theirs: no played member can say anything to it any more.</summary>
    public async Task LeaveMisledAsync()
    {
        _silences.AddOrUpdate("it was led to other members, and it was given a new folder", 1, static (_, count) => count + 1);
        await Node.DisposeAsync();
        await StartAnewAsync();
    }

    /// <summary>Stops it cleanly and starts it again.</summary>
    public async Task RestartAsync()
    {
        await Node.DisposeAsync();
        try
        {
            await StartAsync();
        }
        catch (ReplicaException refusal)
        {
            // A log that a broken leader wrote may be one to refuse; it takes a sentence and a new folder.
            _silences.AddOrUpdate($"at the start: {refusal.Message.Replace(folder, "", StringComparison.Ordinal)}", 1, static (_, count) => count + 1);
            await StartAnewAsync();
        }
    }

    private Task StartAnewAsync()
    {
        _starts += (StartsInAFolder - (_starts % StartsInAFolder)) % StartsInAFolder;
        return StartAsync();
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Critical;

    /// <summary>The node says at critical level why it stops, and with which exception: only its own typed one is an answer to bad input.</summary>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Critical && exception is not ReplicaException)
            _crash ??= $"{formatter(state, exception)}\n{exception}";
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("This is the only logger.");

    public void Dispose()
    {
    }
}
