using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace RaftStream.StreamStateMachine;

/// <summary>One after the other, the instructions of a method that name a member.</summary>
internal static class IlReader
{
    private const byte TwoByteLead = 0xFE;

    private static readonly Dictionary<int, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(static field => (OpCode)field.GetValue(null)!)
        .ToDictionary(static code => (int)(ushort)code.Value);

    /// <summary>Each instruction with the token of its member, and whether a constraint stood in front of it.</summary>
    public static IEnumerable<(OpCode Code, int Token, bool IsConstrained)> Read(byte[] il)
    {
        var isConstrained = false;
        for (var at = 0; at < il.Length;)
        {
            var value = il[at] == TwoByteLead ? (TwoByteLead << 8) | il[at + 1] : il[at];
            var code = Codes[value];
            at += code.Size;
            if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField)
                yield return (code, BinaryPrimitives.ReadInt32LittleEndian(il.AsSpan(at)), isConstrained);
            isConstrained = code == OpCodes.Constrained;
            at += OperandSize(code, il, at);
        }
    }

    private static int OperandSize(OpCode code, byte[] il, int at) => code.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => sizeof(int) * (1 + BinaryPrimitives.ReadInt32LittleEndian(il.AsSpan(at))),
        _ => 4,
    };
}
