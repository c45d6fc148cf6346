using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>What a node can carry of a job's reading.</summary>
/// <param name="Node">The node.</param>
/// <param name="Cpu">Its processors, in any unit that all nodes share: 1 to 1,000,000.</param>
/// <param name="Memory">The same of its memory.</param>
/// <param name="IsDrained">Whether it is to carry nothing.</param>
internal sealed record JobHost(int Node, int Cpu, int Memory, bool IsDrained)
{
    private const int Most = 1_000_000;

    public static bool TryRead(ref MessagePackReader reader, out JobHost host)
    {
        host = new(0, 1, 1, false);
        if (!reader.TryReadInt64(out var node) || node is < 1 or > NodeId.MaxValue || !reader.TryReadInt64(out var cpu) || cpu is < 1 or > Most
            || !reader.TryReadInt64(out var memory) || memory is < 1 or > Most || !reader.TryReadBoolean(out var isDrained))
            return false;
        host = new((int)node, (int)cpu, (int)memory, isDrained);
        return true;
    }

    /// <summary>Writes [node, cpu, memory, drained].</summary>
    public void Write(MessagePackWriter writer)
    {
        writer.WriteArrayHeader(4);
        writer.Write((long)Node);
        writer.Write((long)Cpu);
        writer.Write((long)Memory);
        writer.Write(IsDrained);
    }
}

/// <summary>What nodes have declared that they can carry, as entries of a job's state.</summary>
internal sealed class JobHosts(JobContext context)
{
    private readonly KeyBuffer _key = new();
    private readonly ArrayBufferWriter<byte> _value = new(32);

    public void Set(JobHost host)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Host);
        _key.Write((ushort)host.Node);
        _value.ResetWrittenCount();
        host.Write(new(_value));
        context.State.Put(_key.Span, _value.WrittenSpan);
    }

    public List<JobHost> ToList()
    {
        var hosts = new List<JobHost>();
        byte[] from = [StateKeys.Host];
        while (context.State.TryCeiling(from, out var found, out var stored) && found[0] == StateKeys.Host)
        {
            var reader = new MessagePackReader(stored);
            if (reader.TryReadArrayHeader(out _) && JobHost.TryRead(ref reader, out var host))
                hosts.Add(host);
            from = [.. found, 0];
        }

        return hosts;
    }
}
