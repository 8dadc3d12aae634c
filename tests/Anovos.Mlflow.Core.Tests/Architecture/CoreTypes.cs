using Anovos.Mlflow.Tests.Databricks;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Anovos.Mlflow.Tests.Architecture;

/// <summary>The references between Core's types, read from the compiled assembly. Constants and <c>nameof</c> leave no trace in it.</summary>
internal static class CoreTypes
{
    /// <summary>Every reference from a type of Core to another type, of Core or of a library. Nested types count as their outermost type.</summary>
    public static IReadOnlyList<(TypeReference From, TypeReference To)> References()
    {
        using var core = AssemblyDefinition.ReadAssembly(typeof(MlflowException).Assembly.Location);
        return
        [
            .. core.MainModule.Types.SelectMany(type => Of(type).SelectMany(Parts).Select(to => ((TypeReference)type, Outermost(to)))
                .Where(reference => reference.Item2.FullName != type.FullName)).Distinct(),
        ];
    }

    /// <summary>The folder of a type of Core: Common's namespace is that of the assembly, since scripts may name its exception.</summary>
    public static string Folder(TypeReference type) => type.Namespace == "Anovos.Mlflow" ? "Common" : type.Namespace.Split('.')[2];

    private static IEnumerable<TypeReference?> Of(TypeDefinition type) =>
    [
        type.BaseType,
        .. type.Interfaces.Select(one => one.InterfaceType),
        .. type.CustomAttributes.Select(attribute => attribute.AttributeType),
        .. Constraints(type),
        .. type.Fields.Select(field => field.FieldType),
        .. type.Methods.SelectMany(Of),
        .. type.NestedTypes.SelectMany(Of),
    ];

    private static IEnumerable<TypeReference?> Of(MethodDefinition method) =>
    [
        .. Signature(method),
        .. method.CustomAttributes.Select(attribute => attribute.AttributeType),
        .. Constraints(method),
        .. method.HasBody ? method.Body.Variables.Select(variable => variable.VariableType) : [],
        .. method.HasBody ? method.Body.ExceptionHandlers.Select(handler => handler.CatchType) : [],
        .. method.HasBody ? method.Body.Instructions.SelectMany(Of) : [],
    ];

    private static IEnumerable<TypeReference?> Of(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        GenericInstanceMethod method => [method.DeclaringType, .. method.GenericArguments, .. Signature(method)],
        MethodReference method => [method.DeclaringType, .. Signature(method)],
        _ => [],
    };

    private static IEnumerable<TypeReference?> Signature(MethodReference method) => [method.ReturnType, .. method.Parameters.Select(parameter => parameter.ParameterType)];

    private static IEnumerable<TypeReference?> Constraints(IGenericParameterProvider owner) =>
        owner.GenericParameters.SelectMany(parameter => parameter.Constraints).Select(constraint => constraint.ConstraintType);

    // Of a list of runs both the list and the run.
    private static IEnumerable<TypeReference> Parts(TypeReference? type) => type switch
    {
        null or GenericParameter => [],
        GenericInstanceType generic => [.. Parts(generic.ElementType), .. generic.GenericArguments.SelectMany(Parts)],
        TypeSpecification specification => Parts(specification.ElementType),
        _ => [type],
    };

    private static TypeReference Outermost(TypeReference type) => type.DeclaringType is { } declaring ? Outermost(declaring) : type;
}
