namespace RaftStream.Testing;

/// <summary>For each state in the order of their first visits: the state before it, and the step between. So the way to any state can be told.</summary>
internal sealed class StepLog
{
    private const int BlockSize = 1 << 20;
    private const int KindShift = 24;
    private const int NodeShift = 28;
    private readonly List<uint[]> _before = [];
    private readonly List<uint[]> _steps = [];
    private readonly List<int[]> _roots = [];
    private long _count;

    /// <summary>The memory that this takes, in bytes.</summary>
    public long Bytes => 2L * sizeof(uint) * BlockSize * _before.Count;

    /// <summary>A state in which everything begins, with the crashes that each node has before it.</summary>
    public void AddRoot(int[] crashes)
    {
        _roots.Add(crashes);
        Put((uint)_roots.Count - 1, uint.MaxValue);
    }

    /// <summary>A state that was reached from an earlier one.</summary>
    public void Add(long before, int node, NodeInput input) => Put((uint)before, Pack(node, input));

    /// <summary>The way from the beginning to a state, and one step more.</summary>
    public (int[] Crashes, IReadOnlyList<(int Node, NodeInput Input)> Steps) Find(long state, int node, NodeInput last)
    {
        var steps = new List<(int, NodeInput)> { (node, last) };
        while (true)
        {
            var (before, step) = (_before[(int)(state / BlockSize)][state % BlockSize], _steps[(int)(state / BlockSize)][state % BlockSize]);
            if (step == uint.MaxValue)
            {
                steps.Reverse();
                return (_roots[(int)before], steps);
            }

            steps.Add(Unpack(step));
            state = before;
        }
    }

    private static uint Pack(int node, NodeInput input)
    {
        var argument = input.Kind == NodeInputKind.Deliver ? input.Argument : (input.Argument << 8) | input.Peer;
        return ((uint)node << NodeShift) | ((uint)input.Kind << KindShift) | (uint)argument;
    }

    private static (int Node, NodeInput Input) Unpack(uint step)
    {
        var kind = (NodeInputKind)((step >> KindShift) & 15);
        var argument = (int)(step & ((1u << KindShift) - 1));
        return ((int)(step >> NodeShift), kind == NodeInputKind.Deliver ? new(kind, 0, argument) : new(kind, argument & 255, argument >> 8));
    }

    private void Put(uint before, uint step)
    {
        if (_count % BlockSize == 0)
        {
            _before.Add(new uint[BlockSize]);
            _steps.Add(new uint[BlockSize]);
        }

        _before[^1][_count % BlockSize] = before;
        _steps[^1][_count % BlockSize] = step;
        _count++;
    }
}
