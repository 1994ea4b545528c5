"""Stereo that an input leaves open: one definition for every way by which molecules come in.

A centre or double bond is open only where its configurations are different molecules that both exist and do
not turn into each other. So these are not open: amine nitrogens (they invert, or their rings decide), imines
``=NH``, atoms whose two configurations are one molecule (adamantane, cubane), and atoms to which the skeleton
leaves one configuration (the bridgeheads of norbornane). Groups of relative stereo (``&1``, ``o1``) are open:
both forms are there, or may be. Bridgehead nitrogens that alone tell two molecules apart (the hands of
Troeger's base) are refused, for RDKit keeps no mark of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers, rdMolDescriptors
from rdkit.Chem.EnumerateStereoisomers import EnumerateStereoisomers, StereoEnumerationOptions

from groundstate.molecules.axes import stereo_axes
from groundstate.molecules.mols import RecordError, set_positions
from groundstate.molecules.stereo import is_amine

MAX_ISOMERS = 32
COMBINATIONS = (512, 4096)  # of marks that are tried: first some, more where they show different molecules
# Above the most stable isomer, kcal/mol of MMFF94: trans-bicyclo[4.1.0]heptane (29) can be made, the trans
# anhydride of cyclobutane-1,2-dicarboxylic acid (33) and in,out-bicyclo[3.3.1]nonane (64) cannot.
HIGHEST_STRAIN = 30.0
FORCE_FIELD_STEPS = 2000
ATTEMPTS = 20  # of an embedding: what ETKDG cannot build in these does not exist
FREE_EMBEDDINGS = 20  # with what is open left free, where ETKDG builds none of the isomers
SEED = 7
LARGEST_STRAINED = 9  # atoms of a ring whose double bonds are not E without strain; larger ones may be
LARGEST_BRIDGE = 7  # atoms of the rings at a nitrogen that they keep from inverting
STAND_IN = 99  # isotope of the carbon that stands for such a nitrogen
MARKED = Chem.StereoSpecified.Specified


class OpenStereo(NamedTuple):
    """What an input leaves open.

    Attributes
    ----------
    isomers
        The molecules that it may stand for: the input itself where nothing is open.
    elements
        Names of what differs between them, with atom numbers from 1; empty for one isomer.
    """

    isomers: list[Chem.Mol]
    elements: list[str]


def open_stereo(mol: Chem.Mol) -> OpenStereo:
    """Find the stereoisomers that ``mol`` may stand for; its hydrogens are explicit or not.

    Raises
    ------
    RecordError
        Where there are more than ``MAX_ISOMERS``, and where the stereo is that of an axis (a cumulene, a
        hindered biaryl) or of bridgehead nitrogens, for which no mark could be kept.
    """
    if nitrogens := _nitrogens_with_a_hand(mol):
        names = ", ".join(f"N{index + 1}" for index in nitrogens)
        raise RecordError(
            f"stereo of the bridgehead nitrogens {names}: their two hands are different molecules, and no"
            " mark keeps them apart; such molecules are read from 3D training data only"
        )
    if axes := stereo_axes(mol):
        raise RecordError(
            f"stereo of the axis {', '.join(axes)}: its two forms are different molecules, and SMILES have no"
            " mark to keep them apart; such molecules are read from 3D training data only"
        )
    grouped = {
        atom.GetIdx()
        for group in mol.GetStereoGroups()
        if group.GetGroupType() != Chem.StereoGroupType.STEREO_ABSOLUTE
        for atom in group.GetAtoms()
    }
    elements = list(Chem.FindPotentialStereo(mol))
    marked = {e.centeredOn for e in elements if e.specified == MARKED} - grouped
    unmarked = [e for e in elements if e.centeredOn not in marked and _keeps_its_form(mol, e)]
    if not unmarked:
        return OpenStereo([_without_idle_marks(mol, elements)], [])
    isomers, complete = _different_molecules(mol, marked)
    if len(isomers) == 1:
        return OpenStereo([mol], [])
    if any(_is_in_two_rings(mol, element) or _is_in_strained_ring(mol, element) for element in unmarked):
        isomers = _existing(mol, isomers)
    if len(isomers) > MAX_ISOMERS or not complete:
        names = ", ".join(_name(mol, element) for element in unmarked)
        raise RecordError(f"undefined stereo at {names}: more than {MAX_ISOMERS} isomers; mark some")
    differing = [e for e in unmarked if len({_mark(isomer, e) for isomer in isomers}) > 1]
    return OpenStereo(isomers, [_name(mol, element) for element in differing])


def _nitrogens_with_a_hand(mol: Chem.Mol) -> list[int]:
    """Find bridgehead nitrogens that cannot invert and alone tell two molecules apart.

    Where a carbon is the other bridgehead its mark holds the nitrogen, too.
    """
    bridgeheads: list[int] = []
    rdMolDescriptors.CalcNumBridgeheadAtoms(mol, atoms=bridgeheads)  # type: ignore[arg-type]  # a list
    held = [index for index in bridgeheads if _is_held(mol.GetAtomWithIdx(index))]
    if not held:
        return []
    ranks = list(Chem.CanonicalRankAtoms(mol, breakTies=False))
    if not any(len({ranks[a.GetIdx()] for a in mol.GetAtomWithIdx(i).GetNeighbors()}) == 3 for i in held):
        return []
    twin = Chem.RWMol(mol)
    for index in held:
        atom = twin.GetAtomWithIdx(index)
        atom.SetAtomicNum(6)
        atom.SetIsotope(STAND_IN)
        atom.SetNumExplicitHs(1)
        atom.SetNoImplicit(True)
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    Chem.SanitizeMol(twin)
    isomers, _ = _different_molecules(twin.GetMol(), set())
    if len({_smiles(_without_marks(isomer, held)) for isomer in isomers}) == len(isomers):
        return []
    existing = _existing(twin.GetMol(), isomers)
    return held if len({_smiles(_without_marks(one, held)) for one in existing}) < len(existing) else []


def _is_held(atom: Chem.Atom) -> bool:
    rings = atom.GetOwningMol().GetRingInfo()
    small = max(rings.AtomRingSizes(atom.GetIdx()), default=0) <= LARGEST_BRIDGE
    return is_amine(atom) and atom.GetDegree() == 3 and not atom.GetIsAromatic() and small


def _without_marks(isomer: Chem.Mol, atoms: Sequence[int]) -> Chem.Mol:
    copy = Chem.Mol(isomer)
    for index in atoms:
        copy.GetAtomWithIdx(index).SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    return copy


def _without_idle_marks(mol: Chem.Mol, elements: Sequence[Chem.StereoInfo]) -> Chem.Mol:
    """Take marks off a cage that is the same molecule without them: they only hinder its embedding."""
    if not any(element.specified == MARKED and _is_in_two_rings(mol, element) for element in elements):
        return mol
    bare = Chem.Mol(mol)
    Chem.RemoveStereochemistry(bare)
    isomers, _ = _different_molecules(bare, set())
    return bare if len(isomers) == 1 else mol


def _keeps_its_form(mol: Chem.Mol, element: Chem.StereoInfo) -> bool:
    """Whether the two configurations of ``element`` do not turn into each other at room temperature."""
    if element.type == Chem.StereoType.Atom_Tetrahedral:
        return not is_amine(mol.GetAtomWithIdx(element.centeredOn))
    if element.type == Chem.StereoType.Bond_Double:
        bond = mol.GetBondWithIdx(element.centeredOn)
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        return not any(a.GetAtomicNum() == 7 and a.GetTotalNumHs(includeNeighbors=True) for a in ends)
    return False


def _different_molecules(mol: Chem.Mol, marked: set[int]) -> tuple[list[Chem.Mol], bool]:
    """Enumerate the different molecules, and say whether these are all."""
    unmarked = sum(element.specified != MARKED for element in Chem.FindPotentialStereo(mol))
    choices = 2 ** (unmarked + len(mol.GetStereoGroups()))
    for combinations in COMBINATIONS:
        isomers: dict[str, Chem.Mol] = {}
        options = StereoEnumerationOptions(
            unique=True, onlyUnassigned=True, maxIsomers=combinations, rand=SEED
        )
        for isomer in EnumerateStereoisomers(mol, options=options):
            rigid = _without_invertible(isomer, marked)
            isomers.setdefault(_smiles(rigid), rigid)
            if len(isomers) > 4 * MAX_ISOMERS:
                return list(isomers.values()), False
        if len(isomers) == 1 or choices <= combinations:
            break
    return list(isomers.values()), len(isomers) == 1 or choices <= COMBINATIONS[-1]


def _without_invertible(isomer: Chem.Mol, marked: set[int]) -> Chem.Mol:
    """Take the marks off what inverts, where the enumeration set them; the input's own marks stay."""
    copy = Chem.Mol(isomer)
    for element in Chem.FindPotentialStereo(isomer):
        if element.centeredOn in marked or _keeps_its_form(isomer, element):
            continue
        if element.type == Chem.StereoType.Atom_Tetrahedral:
            copy.GetAtomWithIdx(element.centeredOn).SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        elif element.type == Chem.StereoType.Bond_Double:
            copy.GetBondWithIdx(element.centeredOn).SetStereo(Chem.BondStereo.STEREONONE)
    return copy


def _is_in_two_rings(mol: Chem.Mol, element: Chem.StereoInfo) -> bool:
    tetrahedral = element.type == Chem.StereoType.Atom_Tetrahedral
    return tetrahedral and mol.GetRingInfo().NumAtomRings(element.centeredOn) > 1


def _is_in_strained_ring(mol: Chem.Mol, element: Chem.StereoInfo) -> bool:
    double = element.type == Chem.StereoType.Bond_Double
    return double and 0 < mol.GetRingInfo().MinBondRingSize(element.centeredOn) <= LARGEST_STRAINED


def _existing(mol: Chem.Mol, isomers: list[Chem.Mol]) -> list[Chem.Mol]:
    """Leave out the isomers that ETKDG cannot build, or only with a strain that no molecule survives.

    Where it builds none (it refuses some cages), those stay that turn up when the open stereo is left free.
    """
    energies = [_energy(isomer) for isomer in isomers]
    built = [energy for energy in energies if energy is not None]
    if built:
        pairs = zip(isomers, energies, strict=True)
        return [isomer for isomer, e in pairs if e is not None and e <= min(built) + HIGHEST_STRAIN]
    for enforced in (True, False):
        forms = _forms(mol, enforced)
        if built_freely := [isomer for isomer in isomers if _smiles(isomer) in forms]:
            return built_freely
    return isomers


def _energy(isomer: Chem.Mol) -> float | None:
    """Give the energy of one minimum in kcal/mol; None where no geometry can be built."""
    mol = Chem.AddHs(isomer)
    mol.RemoveAllConformers()
    parameters = rdDistGeom.ETKDGv3()
    for name, value in {"randomSeed": SEED, "maxIterations": ATTEMPTS, "useRandomCoords": True}.items():
        setattr(parameters, name, value)
    with rdBase.BlockLogs():
        if rdDistGeom.EmbedMolecule(mol, parameters) < 0:
            return None
        if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
            return rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(mol, maxIters=FORCE_FIELD_STEPS)[0][1]
    return 0.0


def _forms(mol: Chem.Mol, enforced: bool) -> set[str]:
    """Give the stereoisomers, as SMILES, that come out of embeddings in which what is open is left free.

    With ``enforced`` the marks of ``mol`` hold; without, ETKDG is not asked for any stereo.
    """
    bare = Chem.AddHs(mol)
    bare.RemoveAllConformers()
    parameters = rdDistGeom.ETKDGv3()
    options = {"randomSeed": SEED, "maxIterations": 1, "useRandomCoords": True, "enforceChirality": enforced}
    for name, value in options.items():
        setattr(parameters, name, value)
    forms = set()
    with rdBase.BlockLogs():
        rdDistGeom.EmbedMultipleConfs(bare, FREE_EMBEDDINGS, parameters)
    for conformer in bare.GetConformers():
        for hand in (1.0, -1.0):
            one = set_positions(bare, conformer.GetPositions() * [1.0, 1.0, hand])
            Chem.AssignStereochemistryFrom3D(one, replaceExistingTags=True)
            forms.add(_smiles(_without_invertible(one, set())))
    return forms


def _smiles(isomer: Chem.Mol) -> str:
    return Chem.MolToSmiles(Chem.RemoveHs(isomer))


def _mark(isomer: Chem.Mol, element: Chem.StereoInfo) -> object:
    if element.type == Chem.StereoType.Bond_Double:
        return isomer.GetBondWithIdx(element.centeredOn).GetStereo()
    return isomer.GetAtomWithIdx(element.centeredOn).GetChiralTag()


def _name(mol: Chem.Mol, element: Chem.StereoInfo) -> str:
    if element.type == Chem.StereoType.Bond_Double:
        bond = mol.GetBondWithIdx(element.centeredOn)
        atoms = [bond.GetBeginAtom(), bond.GetEndAtom()]
    else:
        atoms = [mol.GetAtomWithIdx(element.centeredOn)]
    return "-".join(f"{atom.GetSymbol()}{atom.GetIdx() + 1}" for atom in atoms)
