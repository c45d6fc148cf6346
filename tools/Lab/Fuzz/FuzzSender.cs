using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;

namespace RaftStream.Lab.Fuzz;

/// <summary>What all senders share: the node's state as it last was, whether to send at all, and what the others sent.</summary>
internal sealed class FuzzState(FuzzNode node, WireWatch watch, Corpus corpus, long frames)
{
    /// <summary>Frames waiting at the node beyond which senders wait, too: what finds no room tests nothing.</summary>
    private const long Crowded = 250;

    private long _sent;
    private volatile bool _isPaused;
    private volatile bool _isOver;
    private volatile int _mood;

    public FuzzNode Node => node;

    public Corpus Corpus => corpus;

    /// <summary>Whether the node has enough to do for the moment.</summary>
    public bool IsCrowded => watch.Waiting > Crowded;

    public Mood Mood
    {
        get => (Mood)_mood;
        set => _mood = (int)value;
    }

    /// <summary>Whether senders wait: the node is being started again, or asked something by a sane peer.</summary>
    public bool IsPaused
    {
        get => _isPaused;
        set => _isPaused = value;
    }

    /// <summary>Whether the run is over.</summary>
    public bool IsOver
    {
        get => _isOver || Interlocked.Read(ref _sent) >= frames;
        set => _isOver = value;
    }

    /// <summary>Frames sent by all.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public void Add(int count) => Interlocked.Add(ref _sent, count);
}

/// <summary>
/// Plays one lane of one member: connects, greets, and sends frames of every kind for as long as the run goes on. A thread of its own, since
/// it does nothing but compute and write.
/// </summary>
internal sealed class FuzzSender(FuzzState state, NodeId self, Lane lane, DnsEndPoint target, int seed)
{
    private const int BatchFrames = 32;
    private const int Remembered = 8;
    private const int SampleEvery = 64;

    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(1);

    private readonly Random _random = new(seed);
    private readonly FrameForge _forge = new(new(seed ^ 0x5555), state.Corpus);
    private readonly Mutator _mutator = new(new(seed ^ 0x3333));
    private readonly List<Configuration> _configurations = [];
    private readonly EntryShape[] _shapes = new EntryShape[4096];
    private readonly Queue<byte[]> _last = new();
    private byte[] _batch = new byte[64 * 1024];
    private int _used;
    private long _frames;
    private Socket? _socket;

    /// <summary>Frames by what was done to them.</summary>
    public SortedDictionary<string, long> ByKind { get; } = new(StringComparer.Ordinal);

    /// <summary>Frames that brought, or were made out of, a command of an outbox.</summary>
    public long Forwards { get; private set; }

    /// <summary>Connections made.</summary>
    public long Connections { get; private set; }

    /// <summary>Frames looked at, and those of them that the core takes as messages.</summary>
    public (long Looked, long Sound) Sample { get; private set; }

    /// <summary>The last frames, for a report of a crash.</summary>
    public IEnumerable<string> Last => _last.Select(frame => $"node {self} {lane} {frame.Length} bytes {Convert.ToHexString(frame.AsSpan(0, Math.Min(frame.Length, 160)))}");

    /// <summary>Sends until the run is over.</summary>
    public void Run()
    {
        while (!state.IsOver)
        {
            if (state.IsPaused || state.IsCrowded || (_socket is null && !TryConnect()))
            {
                Thread.Sleep(Breath);
                continue;
            }

            _used = 0;
            var count = 0;
            var isLast = false;
            for (; count < BatchFrames && !isLast; count++)
                isLast = AddFrame();
            state.Add(count);
            if (!TryWrite())
                Hang();
            else if (isLast)
                AwaitHangUp();
        }

        Hang();
    }

    /// <summary>Adds one frame to the batch. True: it is one after which the node hangs up.</summary>
    private bool AddFrame()
    {
        _frames++;
        var status = state.Node.Node.Status;
        var good = _forge.Make(status, self, state.Mood);
        var dice = _random.Next(1000);
        var frame = good;
        var kind = "as a member would send it";
        if (dice < 450)
            state.Corpus.Keep(good);
        else if (dice < 900 && state.Corpus.Any(_random) is { } kept)
            (frame, kind) = (_mutator.Change(_random.Next(2) == 0 ? kept : good, _random.Next(2) == 0 ? kept : good), "mutated");
        else if (dice < 960 && state.Corpus.Any(_random) is { } repeated)
            (frame, kind) = (repeated, "repeated or reordered");
        else if (dice < 998)
            (frame, kind) = (RandomBytes(), "random bytes in a frame");
        if (state.Mood == Mood.Vote && _random.Next(100_000) != 0)
            (frame, kind) = FrameForge.IsOfALeader(frame) ? (_forge.Make(status, self, Mood.Vote), "as a member would send it") : (FrameForge.NotAbove(frame, status.Term), kind);
        if (frame.Length > Frame.Largest(lane))
            frame = frame[..Frame.Largest(lane)];
        var isLie = dice >= 998 && _random.Next(4) == 0;
        if (isLie)
            kind = "framed with a lie";
        Remember(frame, kind);
        Write(frame, isLie);
        return isLie;
    }

    private void Remember(byte[] frame, string kind)
    {
        ByKind[kind] = ByKind.GetValueOrDefault(kind) + 1;
        Forwards += PeerFrame.IsForward(frame) ? 1 : 0;
        _last.Enqueue(frame);
        if (_last.Count > Remembered)
            _last.Dequeue();
        if (_frames % SampleEvery == 0)
        {
            var isSound = (PeerFrame.IsForward(frame) && OutboxEntry.TryRead(frame.AsSpan(PeerFrame.ForwardHeaderSize), out var entry) && entry.Node == self) || PeerFrame.TryReadMessage(frame, self, FuzzNode.Self, _shapes, out var message, _configurations)
                && MessageCheck.IsSound(message, _shapes.AsSpan(0, message.Count), CollectionsMarshal.AsSpan(_configurations));
            Sample = (Sample.Looked + 1, Sample.Sound + (isSound ? 1 : 0));
        }
    }

    /// <summary>Puts the frame in the batch with its outer header, which is a good one unless it is to lie: in length, group or checksum.</summary>
    private void Write(byte[] frame, bool isLie)
    {
        var size = Frame.OuterSize + frame.Length;
        if (_batch.Length - _used < size)
            Array.Resize(ref _batch, Math.Max(2 * _batch.Length, _used + size));
        var bytes = _batch.AsSpan(_used, size);
        _used += size;
        Frame.WriteOuter(bytes, frame.Length);
        frame.CopyTo(bytes[Frame.OuterSize..]);
        Frame.Seal(bytes);
        if (!isLie)
            return;
        switch (_random.Next(4))
        {
            case 0:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)_random.Next());
                break;
            case 1:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)Frame.Largest(lane));
                break;
            case 2:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)_random.Next(0, frame.Length + 40));
                break;
            default:
                bytes[_random.Next(bytes.Length)] ^= 1;
                break;
        }
    }

    private byte[] RandomBytes()
    {
        var bytes = new byte[_random.Next(Frame.HeadSize, 200)];
        _random.NextBytes(bytes);
        if (_random.Next(2) == 0)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)_random.Next(1, 6));
        return bytes;
    }

    private bool TryConnect()
    {
        try
        {
            _socket = PlayedMember.Dial(target, self, lane);
            Connections += _socket is null ? 0 : 1;
            return _socket is not null;
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return false; // The node is being started again.
        }
    }

    private bool TryWrite()
    {
        try
        {
            for (var rest = _batch.AsSpan(0, _used); rest.Length > 0;)
                rest = rest[_socket!.Send(rest)..];
            return true;
        }
        catch (SocketException)
        {
            return false; // The node hung up, as it should after a broken frame.
        }
    }

    /// <summary>Lets the node read to the lie and hang up: a new connection at once would end the old one before that.</summary>
    private void AwaitHangUp()
    {
        try
        {
            _socket!.Shutdown(SocketShutdown.Send);
            _socket.Receive(new byte[1]);
        }
        catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset or SocketError.TimedOut or SocketError.WouldBlock or SocketError.Shutdown or SocketError.NotConnected)
        {
            return; // Either way it is over.
        }
        finally
        {
            Hang();
        }
    }

    private void Hang()
    {
        _socket?.Dispose();
        _socket = null;
    }
}
