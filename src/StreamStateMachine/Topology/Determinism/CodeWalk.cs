using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Walks from delegates through the methods of the user's that they call, so many and so deep at the most, and collects what is wrong. Delegates that a delegate has captured are
/// looked at as well: the library wraps those of the user's in its own.
/// </summary>
[UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where trimming took away or changed code, less is found; nothing is reported that is not there.")]
[UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Where trimming took away members, less is found; nothing is reported that is not there.")]
internal sealed class CodeWalk
{
    private const int Deepest = 16;
    private const int MostMethods = 1000;

    private readonly HashSet<Delegate> _delegates = [];
    private readonly HashSet<MethodBase> _methods = [];
    private readonly HashSet<Type> _made = [];
    private readonly List<(Type Owner, string Finding)> _writes = [];
    private readonly List<string> _findings = [];

    /// <summary>
    /// What was found, each as the end of a sentence. A write to a field of a kind of object that the code itself makes may be to one of those, and is none.
    /// </summary>
    public IEnumerable<string> Findings => _findings.Concat(_writes.Where(write => !_made.Contains(write.Owner)).Select(static write => write.Finding));

    public void Look(Delegate code)
    {
        if (_delegates.Count >= MostMethods || !_delegates.Add(code))
            return;
        var outside = new HashSet<Type>();
        var captured = new List<Delegate>();
        Capture(code.Target, outside, captured, new(ReferenceEqualityComparer.Instance));
        if (IsUserCode(code.Method.Module.Assembly))
            Walk(code.Method, outside, 0);
        foreach (var inner in captured)
            Look(inner);
    }

    private static bool IsUserCode(Assembly assembly) =>
        assembly != typeof(CodeWalk).Assembly && assembly != typeof(object).Assembly && assembly.GetName().Name?.StartsWith("System.", StringComparison.Ordinal) != true;

    private static bool IsCompilerMade(Type type) => type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    /// <summary>Collects the types of a delegate's target and of the closures that it holds, and the delegates in them.</summary>
    private static void Capture(object? target, HashSet<Type> outside, List<Delegate> captured, HashSet<object> seen)
    {
        if (target is null || seen.Count > MostMethods || !seen.Add(target))
            return;
        var type = target.GetType();
        outside.Add(type);
        if (!IsCompilerMade(type))
            return;
        foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (typeof(Delegate).IsAssignableFrom(field.FieldType) && field.GetValue(target) is Delegate inner)
                captured.Add(inner);
            else if (IsCompilerMade(field.FieldType))
                Capture(field.GetValue(target), outside, captured, seen);
        }
    }

    private void Walk(MethodBase method, HashSet<Type> outside, int depth)
    {
        if (depth > Deepest || _methods.Count >= MostMethods || !_methods.Add(method))
            return;
        var machine = method.GetCustomAttribute<StateMachineAttribute>()?.StateMachineType;
        if (machine?.GetMethod("MoveNext", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public) is { } step)
            Walk(step, outside, depth + 1);
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } il)
            return;
        foreach (var (code, token, isConstrained) in IlReader.Read(il))
        {
            switch (Resolve(method, token))
            {
                case FieldInfo field:
                    LookAtField(method, code, field, outside);
                    break;
                case MethodBase called when !isConstrained || called.DeclaringType != typeof(object):
                    LookAtCall(method, code, called, outside, depth);
                    break;
            }
        }
    }

    private void LookAtField(MethodBase method, OpCode code, FieldInfo field, HashSet<Type> outside)
    {
        if (field.DeclaringType is not { } owner)
            return;

        // The compiler keeps delegates that capture nothing in fields of its own.
        if (code == OpCodes.Stsfld && !IsCompilerMade(owner))
            _findings.Add($"writes the static field {owner.Name}.{field.Name}, which keeps something outside of its state: keep it in an aggregation, or in a state that a process function declares.");
        if (code == OpCodes.Stfld && outside.Contains(owner) && outside.Contains(method.DeclaringType!) && method is not ConstructorInfo)
            _writes.Add((owner, $"writes {(IsCompilerMade(owner) ? $"the captured variable '{field.Name}'" : $"the field {owner.Name}.{field.Name}")}, which keeps something outside of its state: keep it in an aggregation, or in a state that a process function declares."));
    }

    private void LookAtCall(MethodBase method, OpCode code, MethodBase called, HashSet<Type> outside, int depth)
    {
        if (ForbiddenCalls.Judge(called) is { } finding)
        {
            _findings.Add(finding);
            return;
        }

        if (code == OpCodes.Newobj && called.DeclaringType is { } made)
        {
            _made.Add(made);
            if (IsCompilerMade(made))
                return; // A closure or an iterator: what runs in it is reached by its methods.
        }

        if (called.Module.Assembly == method.Module.Assembly)
            Walk(called, outside, depth + 1);
    }

    /// <summary>The member of a token; null where the assembly that has it is not there, so that it could not be called either.</summary>
    private static MemberInfo? Resolve(MethodBase method, int token)
    {
        try
        {
            return method.Module.ResolveMember(token, method.DeclaringType?.GetGenericArguments(), method.IsGenericMethod ? method.GetGenericArguments() : null);
        }
        catch (Exception missing) when (missing is IOException or TypeLoadException or MissingMemberException or BadImageFormatException)
        {
            return null;
        }
    }
}
