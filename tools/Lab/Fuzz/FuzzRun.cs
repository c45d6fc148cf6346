using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RaftStream.Node.Local;
using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// One run: a live node, the two members it believes to have, senders for each of their lanes, strangers, and this loop, which watches the
/// node, starts it again when it falls silent with a sentence, and asks it something as a sane peer now and then.
/// </summary>
internal sealed class FuzzRun : IAsyncDisposable
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan MoodLasts = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10);

    private readonly FuzzPlan _plan;
    private readonly Dictionary<NodeId, DnsEndPoint> _members;
    private readonly Corpus _corpus = new();
    private readonly WireWatch _watch = new();
    private readonly FuzzNode _node;
    private readonly FuzzState _state;
    private readonly PlayedMember _second;
    private readonly PlayedMember _third;
    private readonly List<FuzzSender> _senders = [];
    private readonly List<Thread> _threads = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private FuzzStrangers? _strangers;
    private string? _crash;
    private long _leaderships;
    private long _probes;
    private long _largestHeap;

    private FuzzRun(FuzzPlan plan, string folder)
    {
        _plan = plan;
        var ports = Ports.Find(3);
        _members = Enumerable.Range(1, 3).ToDictionary(static id => new NodeId(id), id => new DnsEndPoint("127.0.0.1", ports[id - 1]));
        _node = new(folder, _members);
        _state = new(_node, _watch, _corpus, plan.Frames);
        _second = new(new(2), _members[new(2)], _corpus);
        _third = new(new(3), _members[new(3)], _corpus);
    }

    /// <summary>Fuzzes as planned.</summary>
    public static async Task<FuzzReport> RunAsync(FuzzPlan plan, string folder, CancellationToken cancellation)
    {
        await using var run = new FuzzRun(plan, folder);
        await run._node.StartAsync();
        run.StartSenders();
        await run.WatchAsync(cancellation);
        run._state.IsOver = true;
        run._threads.ForEach(static thread => thread.Join());
        if (run._crash is null)
            await run.ProbeAsync();
        return run.Report();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _node.Node.DisposeAsync();
        await _second.DisposeAsync();
        await _third.DisposeAsync();
        _watch.Dispose();
        _node.Dispose();
    }

    private void StartSenders()
    {
        var target = _members[FuzzNode.Self];
        foreach (var member in new[] { 2, 3 })
        {
            foreach (var lane in Enum.GetValues<Lane>())
                _senders.Add(new(_state, new(member), lane, target, (_plan.Seed * 31) + (member * 8) + (int)lane));
        }

        _strangers = new(_state, target, _plan.Seed * 17);
        foreach (var sender in _senders)
            _threads.Add(new(sender.Run) { IsBackground = true, Name = "fuzz" });
        _threads.Add(new(_strangers.Run) { IsBackground = true, Name = "fuzz strangers" });
        _threads.ForEach(static thread => thread.Start());
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        var random = new Random(_plan.Seed);
        var (moodUntil, probeAt, reportAt) = (TimeSpan.Zero, ProbeEvery, ReportEvery);
        var wasLeader = false;
        using var timer = new PeriodicTimer(Turn);
        while (_crash is null && !_state.IsOver && !cancellation.IsCancellationRequested && !(_clock.Elapsed > _plan.Limit))
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
            var status = _node.Node.Status;
            _leaderships += status.Role == Role.Leader && !wasLeader ? 1 : 0;
            wasLeader = status.Role == Role.Leader;
            if (wasLeader && status.IsReady && random.Next(8) == 0)
                _ = _node.Node.ProposeAsync(new byte[] { 0x93, 1, 0xA1, (byte)'x', 1 }, CancellationToken.None).AsTask();
            if (_clock.Elapsed > moodUntil)
            {
                _state.Mood = (Mood)random.Next(3);
                moodUntil = _clock.Elapsed + MoodLasts;
            }

            if (_node.Node.Stopped.IsCompleted || _node.Crash is not null || _node.IsWornOut)
                await ReviveAsync();
            else if (_clock.Elapsed > probeAt)
            {
                await ProbeAsync();
                probeAt = _clock.Elapsed + ProbeEvery;
            }

            if (!_plan.Json && _clock.Elapsed > reportAt)
            {
                Console.WriteLine($"{_state.Sent:N0} frames, {_state.Sent / _clock.Elapsed.TotalSeconds:N0}/s, {_watch.Totals.Dropped:N0} without room, heap {GC.GetTotalMemory(forceFullCollection: false) >> 20} MiB, {_node.Node.Status}");
                reportAt = _clock.Elapsed + ReportEvery;
            }
        }
    }

    private async Task ReviveAsync()
    {
        _state.IsPaused = true;
        if (_node.Crash is null)
            _watch.Restarting();
        if (!await _node.ReviveAsync())
            _crash = $"{_node.Crash}\nThe last frames:\n{string.Join('\n', _senders.SelectMany(static sender => sender.Last))}";
        _state.IsPaused = false;
    }

    /// <summary>Asks the node, while everybody else is quiet, as a sane member would: an append of a new term must be answered.</summary>
    private async Task ProbeAsync()
    {
        _state.IsPaused = true;
        GC.Collect();
        _largestHeap = Math.Max(_largestHeap, GC.GetTotalMemory(forceFullCollection: true));
        var deadline = _clock.Elapsed + TimeSpan.FromSeconds(20);
        var isAnswered = false;
        var isMisled = false;
        while (!isAnswered && _crash is null && _clock.Elapsed < deadline)
        {
            if (_node.Node.Stopped.IsCompleted || _node.Crash is not null || _node.IsWornOut)
                await ReviveAsync();
            _state.IsPaused = true;
            isAnswered = _crash is null && await AskAsync();
            if (isAnswered || _crash is not null || _node.Node.Stopped.IsCompleted || isMisled)
                continue;
            isMisled = true; // Once: a new folder has no members but the first ones.
            _watch.Restarting();
            await _node.LeaveMisledAsync();
        }

        if (isAnswered)
            _probes++;
        else
            _crash ??= $"The node answers no sane peer any more: {_node.Node.Status}";
        _state.IsPaused = false;
    }

    private async Task<bool> AskAsync()
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var term = _node.Node.Status.Term.Next;
        _second.OnFrame(frame =>
        {
            if (PeerFrame.TryReadMessage(frame, FuzzNode.Self, new(2), [], out var reply) && reply.Kind == MessageKind.AppendReply && reply.Term >= term)
                answered.TrySetResult();
        });
        try
        {
            using var socket = PlayedMember.Dial(_members[FuzzNode.Self], new(2), Lane.Control);
            if (socket is null)
                return false;
            var bytes = new byte[Frame.OuterSize + PeerFrame.MessageSize];
            Frame.WriteOuter(bytes, PeerFrame.MessageSize);
            PeerFrame.WriteMessage(bytes.AsSpan(Frame.OuterSize), new() { Kind = MessageKind.Append, From = new(2), To = FuzzNode.Self, Term = term, Disk = FuzzNode.DiskOf(new(2)) });
            Frame.Seal(bytes);
            await socket.SendAsync(bytes);
            await answered.Task.WaitAsync(TimeSpan.FromSeconds(2));
            return true;
        }
        catch (Exception failure) when (failure is TimeoutException or SocketException or IOException)
        {
            return false; // The caller asks again until its own time is up.
        }
        finally
        {
            _second.OnFrame(null);
        }
    }

    private FuzzReport Report()
    {
        using var process = Process.GetCurrentProcess();
        var (received, dropped) = _watch.Totals;
        var byKind = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (kind, count) in _senders.SelectMany(static sender => sender.ByKind))
            byKind[kind] = byKind.GetValueOrDefault(kind) + count;
        return new()
        {
            Sent = _state.Sent,
            Received = received,
            Dropped = dropped,
            SoundPart = _senders.Sum(static sender => sender.Sample.Sound) / (double)Math.Max(1, _senders.Sum(static sender => sender.Sample.Looked)),
            ByKind = byKind,
            Forwards = _senders.Sum(static sender => sender.Forwards),
            Connections = _senders.Sum(static sender => sender.Connections),
            Strangers = _strangers!.Connections,
            Leaderships = _leaderships,
            Answers = _corpus.Recorded,
            Silences = new SortedDictionary<string, long>(_node.Silences.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal),
            Probes = _probes,
            PeakWorkingSet = process.PeakWorkingSet64,
            LargestHeap = _largestHeap,
            Elapsed = _clock.Elapsed,
            Crash = _crash,
        };
    }
}
