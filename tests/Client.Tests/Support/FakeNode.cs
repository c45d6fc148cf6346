using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using RaftStream.Client.Protocol;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Tests.Support;

/// <summary>
/// A node that a test plays: speaks the protocol over a socket and answers as it is told. What the client asked, its probes aside, is remembered in order.
/// </summary>
internal sealed class FakeNode : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<RequestMessage> _asked = [];
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private bool _isGone;

    public FakeNode(int id)
    {
        Id = id;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Id { get; }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>What it says of itself in its status.</summary>
    public bool Leads { get; set; }

    public long Term { get; set; } = 1;

    /// <summary>Of which life of the cluster it says to be.</summary>
    public uint Incarnation { get; set; }

    /// <summary>How it refuses greetings; none by default.</summary>
    public ClientRefusal Greets { get; set; }

    /// <summary>What it answers; null: nothing, ever.</summary>
    public Func<RequestMessage, AnswerMessage?> Answer { get; set; } = static _ => null;

    /// <summary>Whether it answers probes.</summary>
    public bool IsAlive { get; set; } = true;

    public IReadOnlyList<RequestMessage> Asked
    {
        get
        {
            lock (_asked)
                return [.. _asked];
        }
    }

    /// <summary>An applied write or a served read.</summary>
    public static AnswerMessage Counter(RequestMessage request, long value, long index = 7) => new(AnswerKind.Counter)
    {
        Id = request.Id,
        Index = index,
        Term = 1,
        Level = request.IsWrite ? ConsistencyLevel.Quorum : request.Level.Kind,
        Value = value,
        Exists = true,
        Matched = true,
    };

    /// <summary>A write that is in the node's outbox.</summary>
    public static AnswerMessage Accepted(RequestMessage request) =>
        new(AnswerKind.Accepted) { Id = request.Id, Outcome = ClientOutcome.Accepted, Level = ConsistencyLevel.Available, Epoch = 1, Sequence = 1 };

    /// <summary>A page of a watch that ends behind an entry, with a change of each of these values, one an entry, the last one there.</summary>
    public static AnswerMessage Page(RequestMessage request, long entry, params long[] values) => new(AnswerKind.Watch)
    {
        Id = request.Id,
        Index = entry,
        Term = 1,
        Level = ConsistencyLevel.Eventual,
        Leader = 1,
        Watch = new(new(entry, WatchMark.Whole, null, ""), [.. values.Select((value, i) => new WatchItem(ClientWatchKind.Changed, entry - values.Length + 1 + i, "k", value, entry - values.Length + 1 + i))]),
    };

    /// <summary>Lines that were taken in: all of the request's count, and so many did not before.</summary>
    public static AnswerMessage Taken(RequestMessage request, int taken) => new(AnswerKind.Ingest)
    {
        Id = request.Id,
        Index = 7,
        Term = 1,
        Level = ConsistencyLevel.Quorum,
        Sequence = request.Ingest!.First + request.Ingest.Lines.Count - 1,
        Taken = taken,
    };

    /// <summary>A page of a subscription with outputs of these sequences.</summary>
    public static AnswerMessage Outputs(RequestMessage request, params long[] sequences) => new(AnswerKind.Outputs)
    {
        Id = request.Id,
        Index = 7,
        Term = 1,
        Level = ConsistencyLevel.Eventual,
        Leader = 1,
        Outputs = new(sequences.Length == 0 ? request.Subscribe!.From : sequences[^1] + 1, [.. sequences.Select(static sequence => new ClientSinkOutput(sequence, 1_000, $"output {sequence}"))]),
    };

    public static AnswerMessage Refused(RequestMessage request, ClientRefusal refusal, ClientOutcome outcome = ClientOutcome.Rejected) =>
        AnswerMessage.Refused(request.Id, outcome, refusal, "As the test wants it.");

    /// <summary>A frame around a body.</summary>
    public static byte[] FrameOf(ReadOnlySpan<byte> body)
    {
        var frame = new byte[Frame.OuterSize + body.Length];
        Frame.WriteOuter(frame, body.Length);
        body.CopyTo(frame.AsSpan(Frame.OuterSize));
        Frame.Seal(frame);
        return frame;
    }

    /// <summary>Cuts all connections; new ones are taken.</summary>
    public void Cut()
    {
        lock (_sockets)
        {
            foreach (var socket in _sockets)
                socket.Dispose();
            _sockets.Clear();
        }
    }

    /// <summary>Gone for good: nobody listens at its address any more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isGone)
            return;
        _isGone = true;
        await _stop.CancelAsync();
        Cut();

        // First: a listener that is asked for a connection after its end throws as one that never began.
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                socket.NoDelay = true;
                lock (_sockets)
                    _sockets.Add(socket);
                serving.Add(ServeAsync(socket));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var prefix = new byte[ClientHandshake.PrefixSize];
            await stream.ReadExactlyAsync(prefix, _stop.Token);
            Assert.That(ClientHandshake.TryReadPrefix(prefix, out _, out var size));
            await stream.ReadExactlyAsync(new byte[size - prefix.Length], _stop.Token);
            var welcome = new ClientWelcome((byte)Greets, Greets == ClientRefusal.None ? null : "The test refuses.") { Node = Id, Incarnation = Incarnation, MaxInFlight = 1_024, MaxRequest = FrameCutter.LargestRequest };
            await stream.WriteAsync(ClientHandshake.Write(welcome), _stop.Token);
            if (Greets == ClientRefusal.None)
                await AnswerAllAsync(stream);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The client went, or the test cut the connection.
        }
    }

    private async Task AnswerAllAsync(Stream stream)
    {
        var reader = PipeReader.Create(stream);
        var cutter = new FrameCutter(FrameCutter.LargestRequest);
        while (true)
        {
            var read = await reader.ReadAsync(_stop.Token);
            var buffer = read.Buffer;
            var output = new ArrayBufferWriter<byte>();
            while (TryTake(cutter, ref buffer, out var request))
                Add(output, request);
            reader.AdvanceTo(buffer.Start, buffer.End);
            await stream.WriteAsync(output.WrittenMemory, _stop.Token);
            if (read.IsCompleted)
                return;
        }
    }

    private static bool TryTake(FrameCutter cutter, ref ReadOnlySequence<byte> buffer, out RequestMessage request)
    {
        request = default;
        if (!cutter.TryCut(ref buffer, out var body, out var fault))
            return false;
        Assert.That(fault, Is.EqualTo(FrameFault.None));
        Assert.That(RequestMessage.TryRead(body, out request, out var problem), problem);
        return true;
    }

    private void Add(ArrayBufferWriter<byte> output, RequestMessage request)
    {
        AnswerMessage? answer;
        if (request.Kind == RequestKind.Status)
        {
            answer = IsAlive ? new(AnswerKind.Status) { Id = request.Id, Leads = Leads, NodeTerm = Term, Leader = Leads ? Id : 0 } : null;
        }
        else
        {
            lock (_asked)
                _asked.Add(request);
            answer = Answer(request);
        }

        if (answer is not { } made)
            return;
        var body = new ArrayBufferWriter<byte>();
        made.Write(body);
        output.Write(FrameOf(body.WrittenSpan));
    }
}
