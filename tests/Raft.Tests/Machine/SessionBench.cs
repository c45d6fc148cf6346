using System.Buffers;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Raft.Tests.Runtime;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Machine;

/// <summary>A replicated state over a <see cref="ChainMachine"/>, fed entry by entry or run by run.</summary>
internal sealed class SessionBench(SessionLimits limits)
{
    private readonly EntryRun _run = new();
    private readonly List<TestRequest> _requests = [];

    public ChainMachine Machine { get; } = new();

    public ReplicatedState State => field ??= new(Machine, limits);

    public SessionTable Table => State.Sessions;

    /// <summary>How many entries wait for <see cref="Flush"/>.</summary>
    public int Waiting => _run.Count;

    public void Add(EntryKind kind, LogPosition position, long time, byte[] payload)
    {
        var request = new TestRequest();
        if (kind == EntryKind.Command)
            _run.Add(new(position, time, payload), request, 0);
        else if (kind == EntryKind.Session)
            _run.AddSession(new(position, time, payload), request, 0);
        else
            _run.EndAtSnapshotPoint(position, time, 0);
        if (kind != EntryKind.SnapshotPoint)
            _requests.Add(request);
    }

    /// <summary>Applies what was added, as one run: the answers, in order.</summary>
    public List<Answer> Flush()
    {
        State.Apply(_run);
        _run.Clear();
        var answers = _requests.ConvertAll(static request => request.Answers.Single());
        _requests.Clear();
        return answers;
    }

    /// <summary>Applies one session entry.</summary>
    public Answer Do(long index, long time, byte[] payload)
    {
        Add(EntryKind.Session, LogBench.At(index, 1), time, payload);
        return Flush().Single();
    }

    /// <summary>The bytes of a snapshot of this moment, written in pieces.</summary>
    public byte[] Snapshot()
    {
        var bytes = new ArrayBufferWriter<byte>();
        using var view = State.Capture();
        while (view.WriteNext(bytes))
        {
        }

        return bytes.WrittenSpan.ToArray();
    }

    public void Restore(byte[] snapshot, SimRandom? random = null) => State.Restore(new Reader(snapshot, random));

    /// <summary>Hands out bytes in pieces of any size.</summary>
    private sealed class Reader(byte[] bytes, SimRandom? random) : ISnapshotReader
    {
        private int _read;

        public LogPosition Position => LogPosition.Zero;

        public int Read(Span<byte> destination)
        {
            var count = Math.Min(random?.Between(1, 20) ?? int.MaxValue, Math.Min(destination.Length, bytes.Length - _read));
            bytes.AsSpan(_read, count).CopyTo(destination);
            _read += count;
            return count;
        }
    }
}
